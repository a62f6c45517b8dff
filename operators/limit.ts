import { z } from 'zod'
import { defineOperator, placeIn, stateTable } from './operator.js'

export const limit = defineOperator({
  type: 'LIMIT',
  summary: 'Passes the first records in source order.',
  config: z
    .strictObject({
      count: z.int().min(0).describe('How many records to pass.'),
      offset: z.int().min(0).default(0).describe('How many records to leave out before the first.'),
    })
    .meta({ title: 'Limit' }),
  ports: [{ name: 'input' }],
  modes: ['BATCH'],
  key: () => ({ input: [] }),
  compile: ({ count, offset }, [input], { nodeId }) => {
    const seen = stateTable(nodeId, 'seen')
    const place = placeIn(input!)
    const before = `(SELECT coalesce(max(records), 0) FROM ${seen})`
    const passing = `FROM ${input!.table} WHERE ${place} >= ${offset} - ${before} AND ${place} < ${offset + count} - ${before}`
    return {
      each: `SELECT * ${passing}`,
      origins: `SELECT ${place} ${passing}`,
      absorb: [`CREATE OR REPLACE TABLE ${seen} AS SELECT ${before} + count(*) AS records FROM ${input!.table}`],
      state: [{ name: 'seen', type: 'VALUE', table: seen, create: `CREATE TABLE ${seen} (records BIGINT)` }],
      accounting: 'FILTERS',
    }
  },
})
