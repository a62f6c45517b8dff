import { JobError } from '../../core/errors/job-error.js'
import { type Schema, sameName } from '../../core/record/schema.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { JdbcSourceConfig } from './config.js'
import type { Db, Dialect } from './dialect.js'

/** What is read: its columns, and the key by which it can be read piece by piece. */
export interface Relation {
  /** After FROM. */
  readonly from: string
  /** For people. */
  readonly shown: string
  readonly columns: readonly ReadColumn[]
  /** Empty: it can only be read whole. */
  readonly key: readonly ReadColumn[]
  /** No two rows have the same key. */
  readonly unique: boolean
}

export interface ReadColumn {
  readonly name: string
  /** The DuckDB type that holds every value. */
  readonly type: string
  /** An expression that gives its values exactly; absent: its name. */
  readonly read?: string
  /** It gives bytes as hexadecimal digits. */
  readonly hex?: true
  /** In a key: an expression that gives the text of its position; absent: its values are that. */
  readonly keyRead?: string
  /** Its values compare as their text does when it is written into a query. */
  readonly ordered: boolean
}

export async function readRelation(dialect: Dialect, db: Db, config: JdbcSourceConfig): Promise<Relation> {
  const { reading } = dialect
  const from = config.table === undefined ? `(${config.query}) AS etl_query` : tableIn(dialect, config.table)
  const all = await reading.describe(db, from)
  const find = (wanted: string, pointer: string): ReadColumn => {
    const found = all.find((column) => sameName(column.name, wanted))
    if (found) return found
    const names = all.map((column) => column.name)
    const hint = nearestHint(wanted, names)
    throw new JobError('config.invalid', `There is no column \`${wanted}\` in ${config.table ?? 'the query'}.`, {
      pointer,
      ...(hint === null ? {} : { hint }),
    })
  }
  const findOrdered = (wanted: string, pointer: string): ReadColumn => {
    const column = find(wanted, pointer)
    if (column.ordered) return column
    throw new JobError('config.invalid', `Rows cannot be told apart by \`${column.name}\`, a ${column.type}.`, {
      pointer,
      hint: 'Name a column of whole or decimal numbers, times or text.',
    })
  }
  const columns = config.columns?.map((wanted, at) => find(wanted, `/columns/${at}`)) ?? all
  const twice = columns.find(({ name }, at) => columns.findIndex((one) => sameName(one.name, name)) < at)
  if (twice !== undefined) throw twoOfOneName(twice.name, config.query === undefined ? '/table' : '/query')
  const relation = { from, shown: config.table ?? 'query', columns }
  const by = config.incremental?.column ?? config.splitBy
  if (by !== undefined) {
    const pointer = config.incremental ? '/incremental/column' : '/splitBy'
    return { ...relation, key: [findOrdered(by, pointer)], unique: false }
  }
  const names = config.table === undefined ? [] : await reading.primaryKey(db, config.table)
  const key = names.map((column) => find(column, '/table'))
  return { ...relation, key: key.every(({ ordered }) => ordered) ? key : [], unique: true }
}

/** Records name their columns, in either case. */
export const twoOfOneName = (name: string, pointer: '/table' | '/query') =>
  new JobError('config.invalid', `There are two columns called \`${name}\`.`, {
    pointer,
    hint: 'Give each a name of its own in a query: `SELECT a.id AS a_id, b.id AS b_id …`.',
  })

export function schemaOf(relation: Relation): Schema {
  return relation.columns.map(({ name, type }) => ({ name, type }))
}

/** `table` or `schema.table`, quoted. */
export function tableIn(dialect: Pick<Dialect, 'name'>, table: string): string {
  const dot = table.indexOf('.')
  const parts = dot === -1 ? [table] : [table.slice(0, dot), table.slice(dot + 1)]
  return parts.map(dialect.name).join('.')
}
