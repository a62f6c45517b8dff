/**
 * Grouping by windows in STREAMING: a window's result is told when the watermark passes its end, again when late records
 * have changed it, and what it keeps goes once `allowedLateness` has passed too (as Apache Flink's WindowOperator does).
 */
import { sameName } from '../../core/record/schema.js'
import { emptyRelation } from '../columns.js'
import type { Grouping, Windows } from '../group/grouping.js'
import type { Keeping } from '../group/keeping.js'
import type { PartialAggregate } from '../group/partial-aggregates.js'
import { type Closing, type Compiled, stateTable } from '../operator.js'
import { type Clock, lastMicros } from '../state/clock.js'
import { changesOf, type EpochChanges } from './epoch-changes.js'
import { type Kept, partialsKept, recordsKept } from './payload.js'
import { sessionChanges } from './session-changes.js'
import { decideSessions, type Sessions, setAside, staying } from './session-windows.js'

export interface Streaming {
  readonly latenessMs: number
  /** What is known of how far event time had come. */
  readonly clock: Clock
  /** SESSION. */
  readonly sessions: Sessions | null
}

/** Told when the watermark has passed their end. */
export const untilTheirEnd = (windows: Windows, streaming: Streaming): Keeping => ({
  partials: (grouping, partials) => keepWindows({ ...grouping, windows }, partials, streaming),
  records: (grouping) => keepWindows({ ...grouping, windows }, null, streaming),
})

/**
 * State columns: key0… (the last two are the window), what is kept, the place at which it first came, which is the order
 * of the result (I9), and at which it last did. `partials` null: the records themselves are kept.
 */
function keepWindows(
  grouping: Grouping & { readonly windows: Windows },
  partials: readonly PartialAggregate[] | null,
  { latenessMs, clock, sessions }: Streaming,
): Compiled {
  const { records, keys, windows, nodeId } = grouping
  const state = stateTable(nodeId, 'groups')
  const kept = partials === null ? recordsKept(grouping) : partialsKept(grouping, partials)
  const names = keys.map((_, index) => `key${index}`)
  const end = names.at(-1)!
  const after = `greatest((SELECT coalesce(max(newest) + 1, 0) FROM ${state}), ${clock.place})`
  const own = keys.slice(0, -2)
  const create = (name: string) =>
    `CREATE TABLE ${name} AS FROM (${kept.rows(emptyRows(grouping), '0::BIGINT')}) LIMIT 0`
  const isMerged = windows.merge !== null
  const type = partials === null || isMerged ? 'LIST' : 'MAP'
  const ownNames = names.slice(0, -2)
  const key = own.map((of, index) => ({ column: ownNames[index]!, of }))
  const whole = (rows: string) => (windows.merge === null ? rows : windows.merge(rows, names))
  const aside = sessions === null ? null : stateTable(nodeId, 'aside')
  const taken = windows.assign(sessions === null ? records.from : staying(nodeId, records), keys)
  const place = `${records.place} + ${after}`
  const columns = windows.columns.map(({ name }) => name)
  // Without a key, all sessions are of one: they are written whole.
  const bySession = () => (own.length === 0 ? null : sessionChanges(nodeId, state, ownNames, kept, clock, whole))
  const changes = isMerged ? bySession() : changesOf(nodeId, state, names, kept, clock)
  return {
    each: null,
    ...(sessions === null ? {} : { decide: decideSessions(sessions, own, records, whole) }),
    absorb: [
      ...(sessions === null ? [] : setAside(nodeId, own, records, kept, after, columns)),
      `INSERT INTO ${state} ${kept.rows(taken, place)}`,
      ...kept.compact(state),
    ],
    close: (watermark) => closing({ watermark, latenessMs, clock, state, aside, kept, changes, isMerged, whole, end }),
    state: [
      clock.state,
      { name: 'groups', type, table: state, create: create(state), key, ...(changes && { changes: changes.kept }) },
      ...(aside === null ? [] : [{ name: 'aside', type, table: aside, create: create(aside), key } as const]),
    ],
    accounting: 'ABSORBS',
  }
}

interface Closed {
  readonly watermark: number | null
  readonly latenessMs: number
  readonly clock: Clock
  readonly state: string
  /** What was due in the course of the epoch, and is not in state any more; null: there is never any. */
  readonly aside: string | null
  readonly kept: Kept
  /** null: they are not told. */
  readonly changes: EpochChanges | null
  readonly isMerged: boolean
  /** Rows of state with the bounds of the whole window. */
  readonly whole: (rows: string) => string
  readonly end: string
}

function closing({ watermark, latenessMs, clock, state, aside, kept, changes, isMerged, whole, end }: Closed): Closing {
  const isFinal = watermark === Number.POSITIVE_INFINITY
  // It never goes back: not known now, it stands where it stood (I3: what an epoch has added is told of once).
  const now = watermark ?? clock.at
  const passed = (by: number) => (isFinal ? 'true' : `${lastMicros(end)} + ${by * 1000} <= ${now} * 1000`)
  const before = aside === null ? '' : ` UNION ALL BY NAME SELECT * FROM ${aside}`
  const due = `(SELECT * FROM ${whole(state)} WHERE ${passed(0)}${before})`
  // It has not been told before, or something has come since.
  const isNew = (newest: string) =>
    `coalesce(${lastMicros(end)} > ${clock.at} * 1000, true) OR ${newest} >= ${clock.place}`
  const rows = `(SELECT rowid AS "row", * FROM ${state})`
  const gone = isMerged ? `rowid IN (SELECT "row" FROM ${whole(rows)} WHERE ${passed(latenessMs)})` : passed(latenessMs)
  return {
    emit: kept.results(due, isNew),
    after: [
      ...(changes?.note(gone) ?? []),
      `CREATE OR REPLACE TABLE ${clock.state.table} AS SELECT
        CAST(${isFinal ? clock.at : `greatest(${clock.at}, ${now})`} AS BIGINT) AS watermark,
        CAST(greatest((SELECT coalesce(max(newest) + 1, 0) FROM ${state}), ${clock.place}) AS BIGINT) AS place`,
      `DELETE FROM ${state} WHERE ${gone}`,
      ...(aside === null ? [] : [`DELETE FROM ${aside}`]),
    ],
  }
}

function emptyRows({ records, windows }: Grouping & { readonly windows: Windows }): string {
  const own = records.schema.filter(({ name }) => !windows.columns.some((column) => sameName(column.name, name)))
  return emptyRelation([...own, ...windows.columns])
}
