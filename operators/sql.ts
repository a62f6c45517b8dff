import { z } from 'zod'
import { sql } from '../core/config/schema.js'
import { queryOrder } from '../duckdb/query-order.js'
import { identifier } from '../duckdb/sql.js'
import { emptyRelation, sameName } from './columns.js'
import { defineOperator, type StateTable, stateTable } from './operator.js'

/** The order of a grouping or a join depends on threads; sorting by all columns makes it a function of the input (I9). */
const SETTLED = { ASKED: '', SOURCE: '', ANY: ' ORDER BY ALL' }

export const sqlQuery = defineOperator({
  type: 'SQL',
  summary: 'Runs a query over all records of its inputs, once, at the end.',
  config: z
    .strictObject({ query: sql('QUERY', 'A SELECT over `input`, or over the inputs by their names.') })
    .meta({ title: 'SQL' }),
  ports: 'MANY',
  modes: ['BATCH'],
  key: () => ({ input: [] }),
  compile: async ({ query }, inputs, { nodeId }) => {
    const states: StateTable[] = inputs.map(({ port, schema }) => {
      const table = stateTable(nodeId, port)
      return {
        name: port,
        type: 'LIST',
        table,
        create: `CREATE TABLE ${table} AS SELECT * FROM ${emptyRelation(schema)}`,
        grows: true,
      }
    })
    const named = states.map(({ name, table }) => [name, table] as const)
    // The first input goes by `input` as well, whatever its node is called.
    const aliases = named.some(([name]) => sameName(name, 'input'))
      ? named
      : [['input', named[0]![1]] as const, ...named]
    const names = aliases.map(([name, table]) => `${identifier(name)} AS NOT MATERIALIZED (SELECT * FROM ${table})`)
    return {
      each: null,
      absorb: inputs.map(({ table }, index) => `INSERT INTO ${states[index]!.table} SELECT * FROM ${table}`),
      end: `WITH ${names.join(', ')} SELECT * FROM (${query})${SETTLED[await queryOrder(query)]}`,
      state: states,
      accounting: 'ABSORBS',
    }
  },
})
