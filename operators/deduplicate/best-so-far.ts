/** DEDUPLICATE by order, or LAST: the best record of each key so far. */
import type { Schema } from '../../core/record/schema.js'
import { identifier } from '../../duckdb/sql.js'
import { emptyRelation, list, namesOf, sameKeys } from '../columns.js'
import { type Compiled, type Input, placeIn, type StateTable, stateTable } from '../operator.js'
import { rowsWithKeysOf, setRows } from '../state/set-rows.js'
import { forget, type TimeToLive } from '../state/time-to-live.js'

export interface Contest {
  readonly input: Input
  readonly keys: readonly string[]
  /** Items of ORDER BY, the best record first; of the input's columns and `place`. */
  readonly ranking: readonly string[]
  /** A name that no column has: where in the source a record stood. */
  readonly place: string
  readonly nodeId: string
}

/** BATCH: with its place in the source; what a batch changes is written anew. */
export function bestAtEnd(contest: Contest): Compiled {
  const { input, keys, nodeId } = contest
  const best = stateTable(nodeId, 'best')
  const winners = stateTable(nodeId, 'winners')
  const columns = list(namesOf(input.schema))
  const place = identifier(contest.place)
  const challenged = `SELECT ${columns}, ${place} FROM ${best} AS best WHERE EXISTS (SELECT 1 FROM ${input.table} AS batch WHERE ${sameKeys('best', 'batch', keys)})`
  return {
    each: null,
    absorb: [
      `CREATE OR REPLACE TABLE ${winners} AS ${bestOf(`${placed(contest, best)} UNION ALL ${challenged}`, contest)}`,
      `DELETE FROM ${best} AS best USING ${winners} AS winners WHERE ${sameKeys('best', 'winners', keys)}`,
      `INSERT INTO ${best} SELECT * FROM ${winners}`,
      `DROP TABLE ${winners}`,
    ],
    // Places of what several subtasks have kept may be the same.
    end: `SELECT ${columns} FROM ${best} ORDER BY ${place}, ${list(keys)}`,
    state: [
      {
        ...stateOf(contest, best),
        create: `CREATE TABLE ${best} AS SELECT * FROM ${emptyRelation(withPlace(contest))}`,
      },
    ],
    accounting: 'ABSORBS',
  }
}

/**
 * STREAMING: those of an epoch are found first, and meet the state once; where they win they are emitted, in the order
 * in which they came. What is in the state came before them all.
 */
export function bestAfterEpoch(contest: Contest, ttl: TimeToLive | null): Compiled {
  const { input, keys, nodeId } = contest
  const [best, arrived, changed, gone] = ['best', 'arrived', 'changed', 'gone'].map((name) =>
    stateTable(nodeId, name),
  ) as [string, string, string, string]
  const columns = list(namesOf(input.schema))
  const place = identifier(contest.place)
  const create = `CREATE TABLE IF NOT EXISTS ${arrived} AS SELECT * FROM ${emptyRelation(withPlace(contest))}`
  const both = `SELECT * FROM ${arrived} UNION ALL SELECT ${columns}, -1 FROM ${rowsWithKeysOf(best, arrived, keys)}`
  const setAt = ttl === null ? '' : `, ${ttl.now} AS ${ttl.column}`
  const rows = [...namesOf(input.schema), ...(ttl === null ? [] : [ttl.name])]
  return {
    each: null,
    absorb: [create, `INSERT INTO ${arrived} ${bestOf(placed(contest, arrived), contest)}`],
    close: () => ({
      before: [
        create,
        ...forget(best, gone, list(keys), ttl),
        `CREATE OR REPLACE TABLE ${changed} AS SELECT *${setAt} FROM (${bestOf(both, contest)}) WHERE ${place} >= 0`,
        setRows(best, changed, keys, rows),
      ],
      emit: `SELECT ${columns} FROM ${changed} ORDER BY ${place}`,
      after: [`DELETE FROM ${arrived}`],
    }),
    state: [
      {
        ...stateOf(contest, best),
        create: `CREATE TABLE ${best} AS SELECT *${setAt} FROM ${emptyRelation(input.schema)}`,
        changes: {
          by: keys,
          set: `SELECT ${list(rows)} FROM ${changed}`,
          gone: ttl === null ? null : `SELECT * FROM ${gone}`,
        },
      },
    ],
    accounting: 'ABSORBS',
  }
}

const withPlace = ({ input, place }: Contest): Schema => [...input.schema, { name: place, type: 'BIGINT' }]

/** The batch, after what stands in `before`. */
function placed({ input, place }: Contest, before: string): string {
  const name = identifier(place)
  return `SELECT ${list(namesOf(input.schema))}, ${placeIn(input)} + (SELECT coalesce(max(${name}) + 1, 0) FROM ${before}) AS ${name} FROM ${input.table}`
}

function bestOf(records: string, { keys, ranking }: Contest): string {
  return `SELECT * FROM (${records}) QUALIFY row_number() OVER (PARTITION BY ${list(keys)} ORDER BY ${ranking.join(', ')}) = 1`
}

function stateOf({ keys }: Contest, table: string): Omit<StateTable, 'create'> {
  return { name: 'best', type: 'MAP', table, key: keys.map((column) => ({ column, of: column })) }
}
