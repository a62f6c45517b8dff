/**
 * Grouping by windows in STREAMING: a window's result is told when the watermark passes its end, again when late records
 * have changed it, and what it keeps goes once `allowedLateness` has passed too (as Apache Flink's WindowOperator does).
 */
import { sameName } from '../../core/record/schema.js'
import { emptyRelation, sameKeys } from '../columns.js'
import type { Grouping, Windows } from '../group/grouping.js'
import type { Keeping } from '../group/keeping.js'
import type { PartialAggregate } from '../group/partial-aggregates.js'
import { type Changes, type Closing, type Compiled, stateTable } from '../operator.js'
import { type Clock, lastMicros } from '../state/clock.js'
import { rowsWithKeysOf } from '../state/set-rows.js'
import { type Kept, partialsKept, recordsKept } from './payload.js'
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
  const type = partials === null ? 'LIST' : 'MAP'
  const key = own.map((of, index) => ({ column: `key${index}`, of }))
  const whole = (rows: string) => (windows.merge === null ? rows : windows.merge(rows, names))
  const aside = sessions === null ? null : stateTable(nodeId, 'aside')
  const taken = windows.assign(sessions === null ? records.from : staying(nodeId, records), keys)
  const place = `${records.place} + ${after}`
  const columns = windows.columns.map(({ name }) => name)
  // Of sessions, rows of other keys may belong to the same window.
  const changes = windows.merge === null ? changesOf(nodeId, state, names, kept, clock) : null
  return {
    each: null,
    ...(sessions === null ? {} : { decide: decideSessions(sessions, own, records, whole) }),
    absorb: [
      ...(sessions === null ? [] : setAside(nodeId, own, records, kept, after, columns)),
      `INSERT INTO ${state} ${kept.rows(taken, place)}`,
      ...kept.compact(state),
    ],
    close: (watermark) => closing({ watermark, latenessMs, clock, state, aside, kept, changes, whole, end }),
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
  /** null: windows are merged. */
  readonly changes: EpochChanges | null
  /** Rows of state with the bounds of the whole window. */
  readonly whole: (rows: string) => string
  readonly end: string
}

function closing({ watermark, latenessMs, clock, state, aside, kept, changes, whole, end }: Closed): Closing {
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
  const gone =
    changes === null ? `rowid IN (SELECT "row" FROM ${whole(rows)} WHERE ${passed(latenessMs)})` : passed(latenessMs)
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

interface EpochChanges {
  readonly kept: Changes
  /** Statements while the clock stands as it did; `gone`: a condition over rows that the state is about to lose. */
  readonly note: (gone: string) => string[]
}

/** Rows of an epoch are put together with those of their windows, so that a restored state is the same to the last bit. */
function changesOf(nodeId: string, state: string, names: readonly string[], kept: Kept, clock: Clock): EpochChanges {
  const [changed, gone] = [stateTable(nodeId, 'changed'), stateTable(nodeId, 'gone')]
  const added = `(SELECT * FROM ${state} WHERE newest >= ${clock.place})`
  return {
    kept: { by: names, set: `SELECT * FROM ${changed}`, gone: `SELECT * FROM ${gone}` },
    note: (condition) => {
      const stays = `NOT coalesce(${condition}, false)`
      const touched = `(SELECT * FROM ${rowsWithKeysOf(state, added, names)} AND ${stays})`
      const rows = kept.merged === null ? `SELECT * FROM ${added} WHERE ${stays}` : kept.merged(touched)
      return [
        `CREATE OR REPLACE TABLE ${gone} AS SELECT DISTINCT ${names.join(', ')} FROM ${state} WHERE ${condition}`,
        `CREATE OR REPLACE TABLE ${changed} AS ${rows}`,
        ...(kept.merged === null
          ? []
          : [
              `DELETE FROM ${state} AS state USING ${changed} AS changed WHERE ${sameKeys('state', 'changed', names)}`,
              `INSERT INTO ${state} FROM ${changed}`,
            ]),
      ]
    },
  }
}

function emptyRows({ records, windows }: Grouping & { readonly windows: Windows }): string {
  const own = records.schema.filter(({ name }) => !windows.columns.some((column) => sameName(column.name, name)))
  return emptyRelation([...own, ...windows.columns])
}
