import { z } from 'zod'
import type { Schema } from '../core/record/schema.js'
import { identifier } from '../duckdb/sql.js'
import { emptyRelation, findColumn, list, namesOf, orderBy, sameKeys, unusedName } from './columns.js'
import { columnNames, sortKeys } from './config.js'
import { type Compiled, defineOperator, type Input, placeIn, stateTable } from './operator.js'

const config = z
  .strictObject({
    key: columnNames('Records that agree in these columns are the same; two missing values agree.').min(1),
    keep: z.enum(['FIRST', 'LAST']).default('FIRST').describe('Which of them stays.'),
    orderBy: sortKeys(
      'First and last by these columns instead of source order; equal ones by source order. A record without a value stays only if there is no other.',
    ).optional(),
  })
  .meta({ title: 'Deduplicate' })

export const deduplicate = defineOperator({
  type: 'DEDUPLICATE',
  summary: 'Keeps one record for each key.',
  config,
  ports: [{ name: 'input' }],
  modes: ['BATCH', 'STREAMING'],
  key: ({ key }) => ({ input: key }),
  compile: ({ key, keep, orderBy: order }, [input], { nodeId }) => {
    const columns = namesOf(input!.schema)
    const keys = key.map((name) => findColumn(columns, name))
    if (keep === 'FIRST' && order === undefined) return firstSeen(input!, keys, nodeId)
    const ranking =
      order === undefined
        ? []
        : orderBy(
            order.map((by) => (keep === 'FIRST' ? by : reversed(by))),
            columns,
          )
    return bestSoFar(
      input!,
      keys,
      [...ranking, `${identifier(unusedName('place', columns))} ${keep === 'FIRST' ? 'ASC' : 'DESC'}`],
      nodeId,
    )
  },
})

/** The first of a key leaves at once; only the keys are remembered. */
function firstSeen(input: Input, keys: readonly string[], nodeId: string): Compiled {
  const seen = stateTable(nodeId, 'seen')
  const schema = keys.map((key) => input.schema.find((column) => column.name === key)!)
  const fresh = `FROM ${input.table} AS batch WHERE NOT EXISTS (SELECT 1 FROM ${seen} AS seen WHERE ${sameKeys('seen', 'batch', keys)})`
  const first = `FROM ${input.table} WHERE rowid IN (SELECT min(batch.rowid) ${fresh} GROUP BY ${list(keys, 'batch')}) ORDER BY rowid`
  return {
    each: `SELECT * ${first}`,
    origins: `SELECT ${placeIn(input)} ${first}`,
    absorb: [`INSERT INTO ${seen} SELECT DISTINCT ${list(keys, 'batch')} ${fresh}`],
    state: [
      {
        name: 'seen',
        type: 'MAP',
        table: seen,
        create: `CREATE TABLE ${seen} AS SELECT * FROM ${emptyRelation(schema)}`,
        grows: true,
      },
    ],
    accounting: 'FILTERS',
  }
}

/** The best record of each key so far, with its place in the source; what a batch changes is written anew. */
function bestSoFar(input: Input, keys: readonly string[], ranking: readonly string[], nodeId: string): Compiled {
  const best = stateTable(nodeId, 'best')
  const winners = stateTable(nodeId, 'winners')
  const columns = list(namesOf(input.schema))
  const name = unusedName('place', namesOf(input.schema))
  const placed: Schema = [...input.schema, { name, type: 'BIGINT' }]
  const place = identifier(name)
  const batch = `SELECT ${columns}, ${placeIn(input)} + (SELECT coalesce(max(${place}) + 1, 0) FROM ${best}) AS ${place} FROM ${input.table}`
  const challenged = `SELECT ${columns}, ${place} FROM ${best} AS best WHERE EXISTS (SELECT 1 FROM ${input.table} AS batch WHERE ${sameKeys('best', 'batch', keys)})`
  return {
    each: null,
    absorb: [
      `CREATE OR REPLACE TABLE ${winners} AS SELECT * FROM (${batch} UNION ALL ${challenged})
       QUALIFY row_number() OVER (PARTITION BY ${list(keys)} ORDER BY ${ranking.join(', ')}) = 1`,
      `DELETE FROM ${best} AS best USING ${winners} AS winners WHERE ${sameKeys('best', 'winners', keys)}`,
      `INSERT INTO ${best} SELECT * FROM ${winners}`,
      `DROP TABLE ${winners}`,
    ],
    end: `SELECT ${columns} FROM ${best} ORDER BY ${place}`,
    state: [
      {
        name: 'best',
        type: 'MAP',
        table: best,
        create: `CREATE TABLE ${best} AS SELECT * FROM ${emptyRelation(placed)}`,
      },
    ],
    accounting: 'ABSORBS',
  }
}

function reversed<By extends { readonly order: 'ASC' | 'DESC' }>(by: By): By {
  return { ...by, order: by.order === 'ASC' ? 'DESC' : 'ASC' }
}
