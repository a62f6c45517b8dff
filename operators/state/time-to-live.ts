/** STREAMING: rows of state that are forgotten when they were last set too long ago, by the time of the plan (I9). */
import { unusedName } from '../../core/record/schema.js'
import { parseDuration } from '../../core/spec/duration.js'
import { identifier } from '../../duckdb/sql.js'
import type { Setting } from '../operator.js'

export interface TimeToLive {
  /** The column that holds when a row was set, in milliseconds since 1970. */
  readonly name: string
  /** The same, quoted. */
  readonly column: string
  readonly now: string
  /** A condition over a row. */
  readonly isOver: string
}

/** null: nothing is ever forgotten. `columns`: the others of the state. */
export function timeToLive(
  ttl: string | undefined,
  { mode, at }: Setting,
  columns: readonly string[],
): TimeToLive | null {
  if (ttl === undefined || mode === 'BATCH') return null
  const now = Date.parse(at)
  const name = unusedName('set at', columns)
  const column = identifier(name)
  return { name, column, now: `${now}::BIGINT`, isOver: `${column} < ${now - (parseDuration(ttl) ?? 0)}` }
}

/** Statements: the keys of what is over stand in `gone`, and its rows are deleted from `state`. */
export function forget(state: string, gone: string, keys: string, ttl: TimeToLive | null): string[] {
  if (ttl === null) return []
  return [
    `CREATE OR REPLACE TABLE ${gone} AS SELECT ${keys} FROM ${state} WHERE ${ttl.isOver}`,
    `DELETE FROM ${state} WHERE ${ttl.isOver}`,
  ]
}
