/** A keyed table of state, and the rows of an epoch that take the place of those with their keys. */
import { identifier } from '../duckdb/sql.js'
import { sameKeys } from './columns.js'

/** Without an index: one pass over the table costs less than keeping one. `columns` are those of both tables. */
export function setRows(state: string, rows: string, keys: readonly string[], columns: readonly string[]): string {
  const names = columns.map((name) => identifier(name))
  // Keys are equal already, and long texts that are updated stay in memory.
  const set = names
    .filter((name) => !keys.some((key) => identifier(key) === name))
    .map((name) => `${name} = changed.${name}`)
  const values = names.map((name) => `changed.${name}`)
  return `MERGE INTO ${state} AS state USING ${rows} AS changed ON ${sameKeys('state', 'changed', keys)}
    WHEN MATCHED THEN ${set.length === 0 ? 'DO NOTHING' : `UPDATE SET ${set.join(', ')}`}
    WHEN NOT MATCHED THEN INSERT (${names.join(', ')}) VALUES (${values.join(', ')})`
}

/** The rows of `state` that have the key of one of `rows`. */
export function rowsWithKeysOf(state: string, rows: string, keys: readonly string[]): string {
  return `${state} AS state WHERE EXISTS (SELECT 1 FROM ${rows} AS changed WHERE ${sameKeys('state', 'changed', keys)})`
}
