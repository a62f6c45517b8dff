/**
 * Grouping by windows in STREAMING: a window's result is told when the watermark passes its end, again when late records
 * have changed it, and what it keeps goes once `allowedLateness` has passed too (as Apache Flink's WindowOperator does).
 */
import { emptyRelation, sameName } from './columns.js'
import type { Grouping, Windows } from './grouping.js'
import { type Closing, type Compiled, type StateTable, stateTable } from './operator.js'
import type { PartialAggregate } from './partial-aggregates.js'
import { type Kept, partialsKept, recordsKept } from './window-payload.js'

export interface Streaming {
  readonly latenessMs: number
  /** What is known of how far event time had come. */
  readonly clock: Clock
}

/** What WINDOW remembers of the last epoch: one row, or none. */
export interface Clock {
  readonly state: StateTable
  /** The watermark that it closed with, in milliseconds; NULL: none yet. */
  readonly at: string
  /** Rows of state from this place on have come since. */
  readonly place: string
}

export function clockOf(nodeId: string): Clock {
  const table = stateTable(nodeId, 'clock')
  return {
    state: {
      name: 'clock',
      type: 'VALUE',
      table,
      create: `CREATE TABLE ${table} (at BIGINT, place BIGINT)`,
    },
    at: `(SELECT max(at) FROM ${table})`,
    place: `(SELECT coalesce(max(place), 0) FROM ${table})`,
  }
}

/** A window is over once this has passed: its last millisecond, in microseconds. */
export const lastMicros = (end: string): string => `(epoch_us(${end}) - 1000)`

/**
 * State columns: key0… (the last two are the window), what is kept, the place at which it first came, which is the order
 * of the result (I9), and at which it last did. `partials` null: the records themselves are kept.
 */
export function keepWindows(
  grouping: Grouping & { readonly windows: Windows },
  partials: readonly PartialAggregate[] | null,
  { latenessMs, clock }: Streaming,
): Compiled {
  const { records, keys, windows, nodeId } = grouping
  const state = stateTable(nodeId, 'groups')
  const kept = partials === null ? recordsKept(grouping) : partialsKept(grouping, partials)
  const names = keys.map((_, index) => `key${index}`)
  const end = names.at(-1)!
  const after = `greatest((SELECT coalesce(max(newest) + 1, 0) FROM ${state}), ${clock.place})`
  const assigned = windows.assign(records.from, keys)
  return {
    each: null,
    absorb: [`INSERT INTO ${state} ${kept.rows(assigned, `${records.place} + ${after}`)}`, ...kept.compact(state)],
    close: (watermark) => closing({ watermark, latenessMs, clock, state, kept, windows, names, end }),
    state: [
      clock.state,
      {
        name: 'groups',
        type: partials === null ? 'LIST' : 'MAP',
        table: state,
        create: `CREATE TABLE ${state} AS FROM (${kept.rows(emptyRows(grouping), '0::BIGINT')}) LIMIT 0`,
      },
    ],
    accounting: 'ABSORBS',
  }
}

interface Closed {
  readonly watermark: number | null
  readonly latenessMs: number
  readonly clock: Clock
  readonly state: string
  readonly kept: Kept
  readonly windows: Windows
  readonly names: readonly string[]
  readonly end: string
}

function closing({ watermark, latenessMs, clock, state, kept, windows, names, end }: Closed): Closing {
  if (watermark === null) return { emit: null }
  const isFinal = watermark === Number.POSITIVE_INFINITY
  const passed = (by: number) => (isFinal ? 'true' : `${lastMicros(end)} + ${by * 1000} <= ${watermark * 1000}`)
  const whole = (rows: string) => (windows.merge === null ? rows : windows.merge(rows, names))
  const due = `(SELECT * FROM ${whole(state)} WHERE ${passed(0)})`
  // It has not been told before, or something has come since.
  const isNew = `coalesce(${lastMicros(end)} > ${clock.at} * 1000, true) OR max(newest) >= ${clock.place}`
  const over = windows.merge === null ? state : `(SELECT rowid AS "row", * FROM ${state})`
  const gone =
    windows.merge === null
      ? passed(latenessMs)
      : `rowid IN (SELECT "row" FROM ${whole(over)} WHERE ${passed(latenessMs)})`
  return {
    emit: kept.results(due, isNew),
    after: [
      `CREATE OR REPLACE TABLE ${clock.state.table} AS SELECT
        CAST(${isFinal ? clock.at : `greatest(${clock.at}, ${watermark})`} AS BIGINT) AS at,
        CAST(greatest((SELECT coalesce(max(newest) + 1, 0) FROM ${state}), ${clock.place}) AS BIGINT) AS place`,
      `DELETE FROM ${state} WHERE ${gone}`,
    ],
  }
}

function emptyRows({ records, windows }: Grouping & { readonly windows: Windows }): string {
  const own = records.schema.filter(({ name }) => !windows.columns.some((column) => sameName(column.name, name)))
  return emptyRelation([...own, ...windows.columns])
}
