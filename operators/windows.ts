/** Which windows a record is in, as Apache Flink's assigners say it, in SQL over microseconds. */
import { identifier } from '../duckdb/sql.js'
import { list } from './columns.js'
import type { Windows } from './grouping.js'
import type { Names } from './timed-records.js'
import { windowColumns } from './window-columns.js'

export interface WindowKind extends Pick<Windows, 'assign' | 'merge'> {
  /** A condition over the time: such records are in a window; null: all are. */
  readonly absorbs: string | null
  /** The end of the last window that a record is in, if it is in any, in microseconds since 1970. */
  readonly lastEnd: string
}

const [startColumn, endColumn] = windowColumns.map(({ name }) => identifier(name)) as [string, string]

export function tumbling(names: Names, sizeMs: number, offsetMs: number): WindowKind {
  const time = identifier(names.time)
  const begin = `${time} - ${sinceBegin(time, sizeMs, offsetMs)}`
  const lastEnd = `(${begin} + ${micros(sizeMs)})`
  return { assign: (from) => withBounds(from, names, begin, sizeMs), merge: null, absorbs: null, lastEnd }
}

/** Of several windows the newest first. Windows further apart than they are long leave records between them. */
export function hopping(names: Names, sizeMs: number, slideMs: number, offsetMs: number): WindowKind {
  const time = identifier(names.time)
  const since = sinceBegin(time, slideMs, offsetMs)
  const begins = `unnest(range(${time} - ${since}, ${time} - ${micros(sizeMs)}, -${micros(slideMs)}))`
  return {
    assign: (from) => withBounds(from, names, begins, sizeMs),
    merge: null,
    absorbs: slideMs > sizeMs ? `${since} < ${micros(sizeMs)}` : null,
    lastEnd: `(${time} - ${since} + ${micros(sizeMs)})`,
  }
}

/** Each record opens a window as long as the gap; windows that overlap or touch are one. */
export function sessions(names: Names, gapMs: number): WindowKind {
  const merge = (from: string, keys: readonly string[]) => mergeTouching(from, keys, names)
  return {
    assign: (from, keys) => merge(withBounds(from, names, identifier(names.time), gapMs), keys),
    merge,
    absorbs: null,
    lastEnd: `(${identifier(names.time)} + ${micros(gapMs)})`,
  }
}

/** How long before `time` the newest window began that begins no later. */
function sinceBegin(time: string, everyMs: number, offsetMs: number): string {
  const every = micros(everyMs)
  return `(((${time} - ${micros(offsetMs)}) % ${every} + ${every}) % ${every})`
}

function withBounds(from: string, { start }: Names, begin: string, sizeMs: number): string {
  const at = identifier(start)
  return `(SELECT *, make_timestamp(${at}) AS ${startColumn}, make_timestamp(${at} + ${micros(sizeMs)}) AS ${endColumn}
    FROM (SELECT *, ${begin} AS ${at} FROM ${from}))`
}

/** The last two keys are begin and end. In order of begin, a window is a new one if it lies behind all before it. */
function mergeTouching(from: string, keys: readonly string[], { opens, number }: Names): string {
  const own = keys.slice(0, -2)
  const [start, end] = keys.slice(-2).map(identifier)
  const byKey = own.length === 0 ? '' : `PARTITION BY ${list(own)}`
  const before = `max(${end}) OVER (${byKey} ORDER BY ${start} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`
  const opening = `SELECT *, coalesce(${start} > ${before}, true) AS ${identifier(opens)} FROM ${from}`
  // A sum, because DuckDB takes a count with a FILTER anew for every row.
  const numbered = `SELECT *, sum(CAST(${identifier(opens)} AS INTEGER)) OVER (${byKey} ORDER BY ${start}) AS ${identifier(number)} FROM (${opening})`
  return `(SELECT * REPLACE (min(${start}) OVER whole AS ${start}, max(${end}) OVER whole AS ${end}) FROM (${numbered})
    WINDOW whole AS (PARTITION BY ${list([...own, number])}))`
}

const micros = (ms: number): string => `${BigInt(ms) * 1000n}::BIGINT`
