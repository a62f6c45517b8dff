/** STREAMING: groups whose records are kept, as not every aggregate has partial results; emitted when they have changed. */
import { unusedName } from '../../core/record/schema.js'
import { identifier } from '../../duckdb/sql.js'
import { list, namesOf, sameKeys } from '../columns.js'
import { type Compiled, stateTable } from '../operator.js'
import type { TimeToLive } from '../state/time-to-live.js'
import type { Grouping } from './grouping.js'
import { keptColumns } from './keep-records.js'
import { someOf } from './update-partials.js'

/**
 * The records of an epoch are added to the state after its last batch. A changed group is computed from all its records,
 * so its cost follows them. Order of what is emitted: that in which the groups came in the epoch (I9).
 */
export function updateRecords(grouping: Grouping, ttl: TimeToLive | null): Compiled {
  const { records, keys, results, nodeId } = grouping
  const [state, arrived, added, gone] = ['groups', 'arrived', 'added', 'gone'].map((name) =>
    stateTable(nodeId, name),
  ) as [string, string, string, string]
  const schema = keptColumns(grouping)
  const columns = [...namesOf(schema), ...(ttl === null ? [] : [ttl.name])]
  const rows = `SELECT ${list(namesOf(schema))}${ttl === null ? '' : `, ${ttl.now} AS ${ttl.column}`}`
  const typed = [...schema, ...(ttl === null ? [] : [{ name: ttl.name, type: 'BIGINT' }])]
  const definition = `(${typed.map(({ name, type }) => `${identifier(name)} ${type}`).join(', ')})`
  const create = `CREATE TABLE IF NOT EXISTS ${arrived} ${definition}`
  const items = [
    ...keys.map((key) => identifier(key)),
    ...results.map(({ name, split }) => `(${split.inSourceOrder}) AS ${identifier(name)}`),
  ].join(', ')
  const place = identifier(unusedName('aggregate place', columns))
  const touched = `(SELECT ${list(keys)}, min(rowid) AS ${place} FROM ${added} GROUP BY ${list(keys)})`
  const changed = `(SELECT state.rowid, state.*, changed.${place} FROM ${state} AS state JOIN ${touched} AS changed ON ${sameKeys('state', 'changed', keys)})`
  return {
    each: null,
    absorb: [create, `INSERT INTO ${arrived} ${rows} FROM ${records.from}`],
    close: (watermark) => ({
      before: [
        create,
        ...forgetGroups(state, gone, keys, ttl),
        `CREATE OR REPLACE TABLE ${added} AS FROM ${arrived}`,
        `INSERT INTO ${state} FROM ${added}`,
      ],
      emit:
        keys.length === 0
          ? `SELECT ${items} FROM ${state} HAVING ${someOf(added, state, watermark)}`
          : `SELECT ${items} FROM ${changed} GROUP BY ${list(keys)}, ${place} ORDER BY ${place}`,
      after: [`DELETE FROM ${arrived}`],
    }),
    state: [
      {
        name: 'groups',
        type: 'LIST',
        table: state,
        create: `CREATE TABLE ${state} ${definition}`,
        key: keys.map((column) => ({ column, of: column })),
        changes: {
          by: keys,
          set: `SELECT ${list(columns)} FROM ${added}`,
          gone: ttl === null ? null : `SELECT * FROM ${gone}`,
        },
      },
    ],
    accounting: 'ABSORBS',
  }
}

/** A group is as old as the newest of its records. */
function forgetGroups(state: string, gone: string, keys: readonly string[], ttl: TimeToLive | null): string[] {
  if (ttl === null) return []
  const young = `SELECT 1 FROM ${state} AS state WHERE NOT (${ttl.isOver}) AND ${sameKeys('state', 'gone', keys)}`
  return [
    `CREATE OR REPLACE TABLE ${gone} AS SELECT * FROM (SELECT DISTINCT ${list(keys)} FROM ${state} WHERE ${ttl.isOver}) AS gone
     WHERE NOT EXISTS (${young})`,
    `DELETE FROM ${state} AS state USING ${gone} AS gone WHERE ${sameKeys('state', 'gone', keys)}`,
  ]
}
