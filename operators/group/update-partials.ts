/** STREAMING: groups whose accumulators are kept, and which are emitted after every epoch that has changed them. */
import { identifier } from '../../duckdb/sql.js'
import { emptyRelation } from '../columns.js'
import { type Compiled, stateTable } from '../operator.js'
import { rowsWithKeysOf, setRows } from '../state/set-rows.js'
import { forget, type TimeToLive } from '../state/time-to-live.js'
import { type Grouping, seenColumns } from './grouping.js'
import { finals, partsOf, summary } from './keep-partials.js'
import type { PartialAggregate } from './partial-aggregates.js'

/**
 * The batches of an epoch are folded into a small table of their own; after the last, this meets the state once, so that
 * an epoch costs one pass over the keys. Order of what is emitted: that in which the groups came in the epoch (I9).
 * State columns: key0… (`whole`, where all is one group), part0…
 */
export function updatePartials(
  grouping: Grouping,
  partials: readonly PartialAggregate[],
  ttl: TimeToLive | null,
): Compiled {
  const { records, keys, nodeId } = grouping
  const [state, batches, changed, gone] = ['groups', 'batches', 'changed', 'gone'].map((name) =>
    stateTable(nodeId, name),
  ) as [string, string, string, string]
  const parts = partsOf(partials)
  const isWhole = keys.length === 0
  const names = isWhole ? ['whole'] : keys.map((_, index) => `key${index}`)
  const columns = [...names, ...parts.map((_, index) => `part${index}`)]
  const whole = isWhole ? ['true AS whole'] : []
  const groups = (from: string, place: string) => summary(keys, parts, from, [`${place} AS place`, ...whole])
  const nothing = groups(emptyRelation(seenColumns(grouping)), 'min(0::BIGINT)')
  const createBatches = `CREATE TABLE IF NOT EXISTS ${batches} AS FROM (${nothing}) LIMIT 0`
  const after = `(SELECT coalesce(max(place) + 1, 0) FROM ${batches})`
  const items = [
    ...names,
    ...parts.map(({ merge }, index) => `${merge(`part${index}`)} AS part${index}`),
    'min(place) AS place',
    ...(ttl === null ? [] : [`${ttl.now} AS ${ttl.column}`]),
  ]
  const rows = [...columns, ...(ttl === null ? [] : [ttl.name])]
  const both = `SELECT ${columns.join(', ')}, place FROM ${batches}
    UNION ALL SELECT ${columns.join(', ')}, NULL FROM ${rowsWithKeysOf(state, batches, names)}`
  return {
    each: null,
    absorb: [
      createBatches,
      `INSERT INTO ${batches} BY NAME ${groups(records.from, `min(${records.place}) + ${after}`)}`,
    ],
    close: (watermark) => ({
      before: [
        createBatches,
        ...forget(state, gone, names.join(', '), ttl),
        `CREATE OR REPLACE TABLE ${changed} AS SELECT ${items.join(', ')} FROM (${both}) GROUP BY ${names.join(', ')}`,
        setRows(state, changed, names, rows),
      ],
      emit: finals(grouping, partials, changed, isWhole ? someOf(changed, state, watermark) : null),
      after: [`DELETE FROM ${batches}`],
    }),
    state: [
      {
        name: 'groups',
        type: 'MAP',
        table: state,
        create: `CREATE TABLE ${state} AS SELECT * EXCLUDE (place)${ttl === null ? '' : `, ${ttl.now} AS ${ttl.column}`} FROM (${nothing}) LIMIT 0`,
        key: names.map((column, index) => ({ column, of: keys[index] ?? column })),
        changes: {
          by: names,
          set: `SELECT ${rows.map((name) => identifier(name)).join(', ')} FROM ${changed}`,
          gone: ttl === null ? null : `SELECT * FROM ${gone}`,
        },
      },
    ],
    accounting: 'ABSORBS',
  }
}

/** All as one group: told when it changes; at the end of the input even if there was nothing, as in BATCH. */
export function someOf(changed: string, state: string, watermark: number | null): string {
  const some = `EXISTS (FROM ${changed})`
  return watermark === Number.POSITIVE_INFINITY ? `(${some} OR NOT EXISTS (FROM ${state}))` : some
}
