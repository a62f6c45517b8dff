/** One state of one subtask into the store: what has changed since the last checkpoint, or all of it. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { StateHandle } from '../../core/execution/chain-task.js'
import { keptBy } from '../../core/execution/kept-by.js'
import { additionTo } from '../../core/execution/state-names.js'
import { partsThatStay } from '../../core/execution/state-parts.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import type { StateTable } from '../../operators/operator.js'
import type { ObjectStore } from '../../storage/store.js'
import { type ChainRun, storeKey } from '../chain-run.js'
import { copyToParquet, selectFromParquet } from '../parquet.js'
import { merged, partOf, schemaOfPart, shapeOf } from './deltas.js'
import { withFiles } from './load.js'

export interface Kept {
  readonly nodeId: string
  readonly table: StateTable
  /** This subtask's parts of the last checkpoint. */
  readonly before: readonly StateHandle[]
  /** It has emitted all that it had, and is empty. */
  readonly isOver: boolean
}

/** All parts of the state after this epoch. Parts are immutable: those that stay are named again (I5). */
export async function saveParts(
  session: Session,
  kept: Kept,
  run: ChainRun,
  store: ObjectStore,
): Promise<readonly StateHandle[]> {
  const { table, before, isOver } = kept
  const rows = before.map(({ records }) => records)
  const schema = await session.describe(`SELECT * FROM ${table.table}`)
  const whole = async () => [
    await write(session, kept, { select: `SELECT * FROM ${table.table}`, schema, isBase: true }, run, store),
  ]
  if (before.length === 0 || isOver) return await whole()
  if (table.changes !== undefined) {
    const shape = shapeOf(table, schema)
    const changed = partOf(shape, table.changes.set, table.changes.gone)
    const added = await session.count(`SELECT count(*) FROM (${changed})`)
    if (added === 0) return before
    const stay = partsThatStay(rows, added)
    if (stay === 0) {
      const handles = await whole()
      await rebuild(session, table.table)
      return handles
    }
    const part = await withFiles(session, before.slice(stay), store, async (files) => {
      const columns = schemaOfPart(shape)
      const parts = [...files.map((file) => selectFromParquet([file], columns)), changed]
      return await write(session, kept, { select: merged(shape, parts), schema: columns, isBase: false }, run, store)
    })
    return [...before.slice(0, stay), part]
  }
  if (table.grows !== true) return await whole()
  const known = rows.reduce((sum, count) => sum + count, 0)
  const records = await session.count(`SELECT count(*) FROM ${table.table}`)
  const added = await session.count(`SELECT count(*) FROM ${table.table} WHERE rowid >= ${known}`)
  if (added !== records - known) return await whole()
  if (added === 0) return before
  const stay = partsThatStay(rows, added)
  if (stay === 0) return await whole()
  const first = rows.slice(0, stay).reduce((sum, count) => sum + count, 0)
  const select = `SELECT * FROM ${table.table} WHERE rowid >= ${first}`
  return [...before.slice(0, stay), await write(session, kept, { select, schema, isBase: false }, run, store)]
}

/** What updates and deletions leave behind is never given back by a table in memory: it would grow with every epoch. */
async function rebuild(session: Session, table: string): Promise<void> {
  const copy = identifier('rebuilt')
  await session.run(`CREATE OR REPLACE TABLE ${copy} AS FROM ${table}; DROP TABLE ${table}`)
  await session.run(`ALTER TABLE ${copy} RENAME TO ${table}`)
}

interface Part {
  readonly select: string
  readonly schema: Schema
  readonly isBase: boolean
}

async function write(
  session: Session,
  { nodeId, table: { name, type, everywhere } }: Kept,
  { select, schema, isBase }: Part,
  run: ChainRun,
  store: ObjectStore,
): Promise<StateHandle> {
  const path = storeKey(run, 'state', `${nodeId}-${name}.parquet`)
  const file = join(session.folder, 'state.parquet')
  await session.run(copyToParquet(select, schema, file))
  const records = await session.count(`SELECT num_rows FROM parquet_file_metadata(${text(file)})`)
  const { sizeBytes } = await store.put(path, file)
  await rm(file, { force: true })
  const named = isBase ? name : additionTo(name, run.plan.epoch)
  const by = { ...keptBy(run.graph, nodeId), ...(everywhere && { everywhere }) }
  return { nodeId, subtask: run.subtask, name: named, type, path, sizeBytes, records, by }
}
