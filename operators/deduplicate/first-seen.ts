/** DEDUPLICATE, FIRST in source order: the first of a key leaves at once; only the keys are remembered. */
import { identifier } from '../../duckdb/sql.js'
import { list, sameKeys } from '../columns.js'
import { type Compiled, type Input, placeIn, stateTable } from '../operator.js'
import { forget, type TimeToLive } from '../state/time-to-live.js'

export function firstSeen(input: Input, keys: readonly string[], nodeId: string, ttl: TimeToLive | null): Compiled {
  const seen = stateTable(nodeId, 'seen')
  const same = sameKeys('seen', 'batch', keys)
  const known = `SELECT 1 FROM ${seen} AS seen WHERE ${same}${ttl === null ? '' : ` AND NOT (${ttl.isOver})`}`
  const fresh = `FROM ${input.table} AS batch WHERE NOT EXISTS (${known})`
  const first = `FROM ${input.table} WHERE rowid IN (SELECT min(batch.rowid) ${fresh} GROUP BY ${list(keys, 'batch')}) ORDER BY rowid`
  const columns = keys.map((key) => {
    const { name, type } = input.schema.find((column) => column.name === key)!
    return `${identifier(name)} ${type}`
  })
  const state = { name: 'seen', type: 'MAP', table: seen, key: keys.map((column) => ({ column, of: column })) } as const
  const common: Compiled = {
    each: `SELECT * ${first}`,
    origins: `SELECT ${placeIn(input)} ${first}`,
    accounting: 'FILTERS',
  }
  if (ttl === null) {
    return {
      ...common,
      absorb: [`INSERT INTO ${seen} SELECT DISTINCT ${list(keys, 'batch')} ${fresh}`],
      state: [{ ...state, create: `CREATE TABLE ${seen} (${columns.join(', ')})`, grows: true }],
    }
  }
  const [arrived, added, gone] = ['arrived', 'added', 'gone'].map((name) => stateTable(nodeId, name))
  const definition = `(${[...columns, `${ttl.column} BIGINT`].join(', ')})`
  const create = `CREATE TABLE IF NOT EXISTS ${arrived} ${definition}`
  return {
    ...common,
    absorb: [
      create,
      `INSERT INTO ${arrived} SELECT DISTINCT ${list(keys, 'batch')}, ${ttl.now} ${fresh}`,
      // Of a key that has come anew, the old row goes when the epoch is closed.
      `INSERT INTO ${seen} SELECT DISTINCT ${list(keys, 'batch')}, ${ttl.now} ${fresh}`,
    ],
    close: () => ({
      before: [
        create,
        ...forget(seen, gone!, list(keys), ttl),
        `CREATE OR REPLACE TABLE ${added} AS FROM ${arrived}`,
        `DELETE FROM ${arrived}`,
      ],
      emit: null,
    }),
    state: [
      {
        ...state,
        create: `CREATE TABLE ${seen} ${definition}`,
        changes: { by: keys, set: `SELECT * FROM ${added}`, gone: `SELECT * FROM ${gone}` },
      },
    ],
  }
}
