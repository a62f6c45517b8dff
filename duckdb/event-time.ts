/** Event time in SQL: of a column, as a number. */
import { identifier } from './sql.js'

export interface TimeColumn {
  readonly name: string
  readonly type: string
  /** The quoted alias of its table, where several have columns of that name. */
  readonly of?: string
}

const spelled = ({ name, of }: TimeColumn) => (of === undefined ? identifier(name) : `${of}.${identifier(name)}`)

/** No window reaches further than a TIMESTAMP can. */
const first = "TIMESTAMP '200000-01-01 (BC)'"
const last = "TIMESTAMP '200000-01-01'"

export function hasTime(time: TimeColumn): string {
  return `TRY_CAST(${spelled(time)} AS TIMESTAMP) BETWEEN ${first} AND ${last}`
}

/** Microseconds since 1970, UTC, of a record that has a time. */
export function atMicros(time: TimeColumn): string {
  const { type } = time
  const column = spelled(time)
  const micros = `epoch_us(CAST(${column} AS TIMESTAMP))`
  // The cast rounds towards 1970, windows towards the past.
  return type === 'TIMESTAMP_NS' ? `(${micros} - CASE WHEN epoch_ns(${column}) % 1000 < 0 THEN 1 ELSE 0 END)` : micros
}

/** Whole milliseconds since 1970, UTC, not after the time; NULL: there is none. */
export function atMillis(time: TimeColumn): string {
  return `CASE WHEN ${hasTime(time)} THEN ${millisOf(atMicros(time))} END`
}

/** The whole milliseconds of a number of microseconds: division rounds towards 1970. */
export function millisOf(micros: string): string {
  return `((${micros}) // 1000 - CASE WHEN (${micros}) % 1000 < 0 THEN 1 ELSE 0 END)`
}
