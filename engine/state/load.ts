/** One state of one subtask from its parts in the store. */
import { rm } from 'node:fs/promises'
import { JobError } from '../../core/errors/job-error.js'
import type { StateHandle } from '../../core/execution/chain-task.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import type { StateTable } from '../../operators/operator.js'
import type { ObjectStore } from '../../storage/store.js'
import { columnsOfParquet, selectFromParquet } from '../parquet.js'
import { merged, type Shape, schemaOfPart, shapeOf, withoutKeysOf } from './deltas.js'

export interface Wanted extends Partial<Pick<StateTable, 'type' | 'changes'>> {
  readonly nodeId: string
  /** In the session, and empty but for what other parts have brought. */
  readonly table: string
  /** In the order in which they were added: the base, and what came since. */
  readonly handles: readonly StateHandle[]
  /** A condition over its columns; null: all rows. */
  readonly own: string | null
}

/** Rows keep their order: that of a LIST is part of it. */
export async function loadParts(session: Session, wanted: Wanted, store: ObjectStore): Promise<void> {
  const { table, handles, own, nodeId, type = 'LIST', changes } = wanted
  const schema = await session.describe(`SELECT * FROM ${table}`)
  const shape = shapeOf({ ...wanted, type }, schema)
  await withFiles(session, handles, store, async (files) => {
    const [base, ...since] = files
    await checkColumns(session, nodeId, base!, schema)
    for (const file of since) await checkColumns(session, nodeId, file, changes ? schemaOfPart(shape) : schema)
    if (changes === undefined || since.length === 0) {
      await session.run(`INSERT INTO ${table} ${ownOf(selectFromParquet(files, schema), own)}`)
    } else {
      const parts = since.map((file) => selectFromParquet([file], schemaOfPart(shape)))
      const whole = selectFromParquet([base!], schema)
      for (const statement of putTogether(shape, table, own, whole, parts)) await session.run(statement)
    }
  })
}

/** The files of some parts, in the session's folder while they are used. */
export async function withFiles<T>(
  session: Session,
  handles: readonly StateHandle[],
  store: ObjectStore,
  use: (files: readonly string[]) => Promise<T>,
): Promise<T> {
  const files: string[] = []
  try {
    for (const handle of handles) files.push(await store.fetch(handle.path, session.folder))
    return await use(files)
  } finally {
    for (const file of files) await rm(file, { force: true })
  }
}

const ownOf = (rows: string, own: string | null) => (own === null ? rows : `SELECT * FROM (${rows}) WHERE ${own}`)

/**
 * Rows of the base that later parts replace are not loaded first: a table does not give back what is deleted at once.
 * Whose a row is, is asked last: what says that a row has gone may hold no more than what names it.
 */
function putTogether(
  shape: Shape,
  table: string,
  own: string | null,
  base: string,
  since: readonly string[],
): string[] {
  const { schema, type, gone } = shape
  const columns = schema.map(({ name }) => identifier(name)).join(', ')
  const conditions = [...(gone === null ? [] : [`NOT ${identifier(gone)}`]), ...(own === null ? [] : [own])]
  const stands = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  if (type === 'LIST') {
    const first = gone === null ? base : `SELECT *, false AS ${identifier(gone)} FROM (${base})`
    return [`INSERT INTO ${table} SELECT ${columns} FROM (${merged(shape, [first, ...since])})${stands}`]
  }
  const later = 'FROM "since the base"'
  return [
    `CREATE OR REPLACE TABLE "since the base" AS ${merged(shape, since)}`,
    `INSERT INTO ${table} ${ownOf(withoutKeysOf(shape, base, [later]), own)}`,
    `INSERT INTO ${table} SELECT ${columns} ${later}${stands}`,
    'DROP TABLE "since the base"',
  ]
}

async function checkColumns(session: Session, nodeId: string, file: string, expected: Schema): Promise<void> {
  const columns = await columnsOfParquet(session, file)
  if (columns === null) return
  const textOf = (schema: Schema) => schema.map(({ name, type }) => `${name} ${type}`).join(', ')
  if (textOf(columns) === textOf(expected)) return
  throw new JobError(
    'state.mismatch',
    `The state of \`${nodeId}\` has the columns ${textOf(columns)}; the job needs ${textOf(expected)}.`,
    {
      nodeId,
      hint: 'Change back what changed them, or give the node another `id`: it then starts without state.',
    },
  )
}
