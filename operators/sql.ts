import { z } from 'zod'
import { sql } from '../core/config/schema.js'
import { JobError } from '../core/errors/job-error.js'
import { queryOrder } from '../duckdb/query-order.js'
import { recordByRecord } from '../duckdb/record-by-record.js'
import { identifier } from '../duckdb/sql.js'
import { emptyRelation, list, namesOf, sameName } from './columns.js'
import { type Compiled, defineOperator, type Input, type StateTable, stateTable } from './operator.js'

/** The order of a grouping or a join depends on threads; sorting by all columns makes it a function of the input (I9). */
const SETTLED = { ASKED: '', SOURCE: '', ANY: ' ORDER BY ALL' }

export const sqlQuery = defineOperator({
  type: 'SQL',
  summary:
    'Runs a query: in BATCH once, at the end, over all records of its inputs; in STREAMING over each as it comes.',
  config: z.strictObject({ query: sql('QUERY', 'A SELECT over `input`, or over the inputs by their names.') }).meta({
    title: 'SQL',
    description:
      'STREAMING: what the query makes of a record may need no other: columns, WHERE and `unnest` in the SELECT list, also nested or as CTEs. Where it unnests, records of which nothing leaves count as passed. Event time ends here; name it again on a MAP after.',
  }),
  ports: 'MANY',
  modes: ['BATCH', 'STREAMING'],
  key: (_, mode) => (mode === 'STREAMING' ? null : { input: [] }),
  compile: async ({ query }, inputs, { nodeId, mode }) =>
    mode === 'STREAMING' ? await overEach(query, inputs) : await overAll(query, inputs, nodeId),
})

async function overEach(query: string, inputs: readonly Input[]): Promise<Compiled> {
  if (inputs.length > 1)
    throw new JobError('sql.refused', 'In a STREAMING job SQL takes one input.', {
      hint: 'Bring several inputs together with JOIN or UNION before.',
    })
  const { fansOut } = await recordByRecord(query)
  const tables = inputs.map(
    ({ port, table, schema }) => [port, `SELECT ${list(namesOf(schema))} FROM ${table}`] as const,
  )
  return { each: `${named(tables)} SELECT * FROM (${query})`, accounting: fansOut ? 'FANS_OUT' : 'FILTERS' }
}

async function overAll(query: string, inputs: readonly Input[], nodeId: string): Promise<Compiled> {
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
  const tables = states.map(({ name, table }) => [name, `FROM ${table}`] as const)
  return {
    each: null,
    absorb: inputs.map(({ table }, index) => `INSERT INTO ${states[index]!.table} SELECT * FROM ${table}`),
    end: `${named(tables)} SELECT * FROM (${query})${SETTLED[await queryOrder(query)]}`,
    state: states,
    accounting: 'ABSORBS',
  }
}

/** The first input goes by `input` as well, whatever its node is called. */
function named(tables: readonly (readonly [string, string])[]): string {
  const hasInput = tables.some(([name]) => sameName(name, 'input'))
  const aliases = hasInput ? tables : [['input', tables[0]![1]] as const, ...tables]
  const ctes = aliases.map(([name, select]) => `${identifier(name)} AS NOT MATERIALIZED (${select})`)
  return `WITH ${ctes.join(', ')}`
}
