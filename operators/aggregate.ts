import { z } from 'zod'
import { sql } from '../core/config/schema.js'
import { JobError } from '../core/errors/job-error.js'
import { type AggregateCall, splitAggregates } from '../duckdb/aggregates.js'
import { typesOf } from '../duckdb/syntax-tree.js'
import { findColumn, namesOf, sameName } from './columns.js'
import { columnNames } from './config.js'
import { failingValues } from './failing.js'
import { type Grouping, keepPartials } from './keep-partials.js'
import { keepRecords } from './keep-records.js'
import { defineOperator, type Input } from './operator.js'
import { partialsOf } from './partial-aggregates.js'

const config = z
  .strictObject({
    groupBy: columnNames(
      'One record for each combination of values in these columns; without any, one record for all.',
    ).default([]),
    aggregates: z
      .record(z.string().min(1), sql('AGGREGATE', 'An aggregate over the columns of the input, such as sum(amount).'))
      .describe('Columns of the result, by name.'),
  })
  .meta({
    title: 'Aggregate',
    description: 'The result comes at the end of the input, in the order in which the groups first came.',
  })

export const aggregate = defineOperator({
  type: 'AGGREGATE',
  summary: 'Groups records and computes a result for each group.',
  config,
  ports: [{ name: 'input' }],
  modes: ['BATCH'],
  key: ({ groupBy }) => ({ input: groupBy }),
  compile: async ({ groupBy, aggregates }, [input], nodeId) => {
    const keys = groupBy.map((name) => findColumn(namesOf(input!.schema), name))
    const results = await Promise.all(
      Object.entries(aggregates).map(async ([name, expression], index) => ({
        name,
        split: await splitAggregates(expression, `aggregate ${index}.`),
      })),
    )
    checkNames(keys, results)
    const calls = results.flatMap(({ split }) => split.aggregates)
    const types = await typesOf(
      calls.map((call) => call.call),
      input!.schema,
    )
    const argumentTypes = await typesOf(
      calls.map((call) => call.argument ?? 'NULL'),
      input!.schema,
    )
    const partials = calls.map((call, index) => partialsOf(call, types[index]!, argumentTypes[index]!))
    const grouping: Grouping = { input: input!, keys, results, nodeId }
    // Records that are kept as they are cannot fail before the end.
    if (!partials.every((partial) => partial !== null)) return keepRecords(grouping)
    return { ...keepPartials(grouping, partials), ...failingArguments(input!, calls) }
  },
})

/** What is computed for each record before it is aggregated. */
function failingArguments(input: Input, calls: readonly AggregateCall[]): { readonly failing?: string } {
  const values = calls.flatMap(({ call, argument, filter }) =>
    [argument, filter].flatMap((expression) =>
      expression === null ? [] : [{ expression, what: `What \`${call}\` needs cannot be computed: ${expression}` }],
    ),
  )
  return values.length === 0 ? {} : { failing: failingValues(input.table, values) }
}

function checkNames(keys: readonly string[], results: Grouping['results']): void {
  const taken = results.find(({ name }) => keys.some((key) => sameName(key, name)))
  if (taken !== undefined) {
    throw new JobError('sql.invalid', `\`${taken.name}\` is a column of groupBy already.`, {
      hint: 'Give the aggregate another name.',
    })
  }
  if (keys.length + results.length === 0) {
    throw new JobError('sql.invalid', 'There is nothing to compute.', {
      hint: 'Name columns in `groupBy` or `aggregates`.',
    })
  }
}
