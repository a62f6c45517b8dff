/** SESSION in STREAMING, for keys whose records are not all ahead of the watermark: who judges them, and what it changes. */
import { identifier } from '../duckdb/sql.js'
import type { Records } from './grouping.js'
import { type ArrivingRecord, judgeSessions, type KnownSession } from './judge-sessions.js'
import { type Decision, stateTable } from './operator.js'
import type { Names } from './timed-records.js'
import { type Clock, lastMicros } from './window-clock.js'
import type { Kept } from './window-payload.js'

export interface Sessions {
  readonly nodeId: string
  readonly gapMs: number
  readonly latenessMs: number
  readonly names: Names
  readonly clock: Clock
}

/** Tables of one batch. */
export interface Judged {
  /** Keys that are judged, numbered. */
  readonly keys: string
  /** Leaves: number, key, place, start, end, stays. */
  readonly leaves: string
  readonly told: string
  readonly late: string
}

export function judgedOf(nodeId: string): Judged {
  const table = (name: string) => stateTable(nodeId, `judged ${name}`)
  return { keys: table('keys'), leaves: table('leaves'), told: table('told'), late: table('late') }
}

/**
 * `keys`: those of the groups. A record that is later than the watermark it met by more than a millisecond touches no
 * session that is over: without others among them, all records of a key may be merged at once.
 */
export function decideSessions(
  { nodeId, gapMs, latenessMs, names, clock }: Sessions,
  keys: readonly string[],
  records: Records,
  whole: (rows: string) => string,
): Decision {
  const judged = judgedOf(nodeId)
  const state = stateTable(nodeId, 'groups')
  const [time, met] = [identifier(names.time), identifier(names.met)]
  const own = keys.map((key, index) => `${identifier(key)} AS key${index}`)
  const [start, end] = [`key${keys.length}`, `key${keys.length + 1}`]
  const distinct = keys.length === 0 ? 'true AS every' : own.join(', ')
  const isNew = `coalesce(${lastMicros(end)} > ${clock.at} * 1000, true) OR max(newest) >= ${clock.place}`
  return {
    before: [
      `CREATE OR REPLACE TABLE ${judged.keys} AS SELECT row_number() OVER () AS number, * FROM (
        SELECT DISTINCT ${distinct} FROM ${records.from} WHERE ${time} <= ${met} * 1000 + 1000)`,
      `CREATE OR REPLACE TABLE ${judged.leaves} (leaf BIGINT, number BIGINT, place BIGINT, "start" BIGINT, "end" BIGINT, stays BOOLEAN)`,
      `CREATE OR REPLACE TABLE ${judged.told} ("first" BIGINT, "last" BIGINT, "start" BIGINT, "end" BIGINT)`,
      `CREATE OR REPLACE TABLE ${judged.late} (place BIGINT)`,
    ],
    ask: [
      `SELECT number, epoch_us(${start}), epoch_us(${end}), ${isNew} FROM ${whole(numberedState(state, judged, keys))}
        GROUP BY number, ${start}, ${end} ORDER BY number, ${start}`,
      `SELECT number, place, "time", met FROM (
          SELECT ${[...own, `${records.place} AS place, ${time} AS "time", ${met} AS met`].join(', ')} FROM ${records.from}) AS records
        JOIN ${judged.keys} AS judged ON ${sameOwn('records', 'judged', keys)} ORDER BY number, place`,
    ],
    answer: ([known = [], arriving = []]) => {
      const rule = { gap: BigInt(gapMs) * 1000n, lateness: BigInt(latenessMs) * 1000n }
      const { leaves, told, late } = judgeSessions(rule, known.map(toSession), arriving.map(toRecord))
      return [
        {
          table: judged.leaves,
          columns: [
            leaves.map(({ number }) => number),
            leaves.map(({ key }) => key),
            leaves.map(({ place }) => place),
            leaves.map(({ start }) => start),
            leaves.map(({ end }) => end),
            leaves.map(({ stays }) => stays),
          ],
        },
        {
          table: judged.told,
          columns: [
            told.map(({ first }) => first),
            told.map(({ last }) => last),
            told.map(({ start }) => start),
            told.map(({ end }) => end),
          ],
        },
        { table: judged.late, columns: [late] },
      ]
    },
  }
}

/** Before the batch is taken in: what has to be told as it was goes aside, what is gone goes. */
export function setAside(
  nodeId: string,
  keys: readonly string[],
  records: Records,
  kept: Kept,
  after: string,
  columns: readonly string[],
): string[] {
  const judged = judgedOf(nodeId)
  const [state, aside] = [stateTable(nodeId, 'groups'), stateTable(nodeId, 'aside')]
  const [start, end] = [`key${keys.length}`, `key${keys.length + 1}`]
  const [windowStart, windowEnd] = columns.map(identifier)
  const within = `leaves.number = rows.number AND leaves.place IS NULL
    AND epoch_us(rows.${start}) >= leaves."start" AND epoch_us(rows.${end}) <= leaves."end"`
  const told = `${judged.told} AS told ON leaves.leaf BETWEEN told."first" AND told."last"`
  const rows = `(SELECT state.rowid AS "row", state.*, judged.number FROM ${state} AS state
    JOIN ${judged.keys} AS judged ON ${sameOwn('state', 'judged', keys)}) AS rows`
  const taken = `(SELECT records.* , make_timestamp(told."start") AS ${windowStart}, make_timestamp(told."end") AS ${windowEnd}
    FROM ${records.from} AS records JOIN ${judged.leaves} AS leaves ON leaves.place = records.${records.place} JOIN ${told})`
  return [
    `INSERT INTO ${aside} SELECT rows.* EXCLUDE ("row", number) REPLACE (make_timestamp(told."start") AS ${start}, make_timestamp(told."end") AS ${end})
      FROM ${rows} JOIN ${judged.leaves} AS leaves ON ${within} JOIN ${told}`,
    `INSERT INTO ${aside} ${kept.rows(taken, `${records.place} + ${after}`)}`,
    `DELETE FROM ${state} WHERE rowid IN (
      SELECT rows."row" FROM ${rows} JOIN ${judged.leaves} AS leaves ON ${within} WHERE NOT leaves.stays)`,
  ]
}

/** Records of a batch that state takes in: those that are not late, and whose session is there after the batch. */
export function staying(nodeId: string, { from, place }: Records): string {
  const { leaves, late } = judgedOf(nodeId)
  return `(SELECT * FROM ${from} WHERE ${place} NOT IN (SELECT place FROM ${late})
    AND ${place} NOT IN (SELECT place FROM ${leaves} WHERE place IS NOT NULL AND NOT stays))`
}

function numberedState(state: string, judged: Judged, keys: readonly string[]): string {
  return `(SELECT state.*, judged.number FROM ${state} AS state JOIN ${judged.keys} AS judged ON ${sameOwn('state', 'judged', keys)})`
}

function sameOwn(a: string, b: string, keys: readonly string[]): string {
  const same = keys.map((_, index) => `${a}.key${index} IS NOT DISTINCT FROM ${b}.key${index}`)
  return ['true', ...same].join(' AND ')
}

function toSession([key, start, end, isNew]: readonly unknown[]): KnownSession {
  return { key: Number(key), start: BigInt(String(start)), end: BigInt(String(end)), isNew: isNew === true }
}

function toRecord([key, place, time, met]: readonly unknown[]): ArrivingRecord {
  const at = met === null ? null : BigInt(String(met)) * 1000n
  return { key: Number(key), place: Number(place), time: BigInt(String(time)), met: at }
}
