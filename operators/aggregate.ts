import { z } from 'zod'
import { findColumn, namesOf } from './columns.js'
import { aggregates, columnNames } from './config.js'
import { groupRecords } from './group-records.js'
import { defineOperator, placeIn } from './operator.js'

const config = z
  .strictObject({
    groupBy: columnNames(
      'One record for each combination of values in these columns; without any, one record for all.',
    ).default([]),
    aggregates: aggregates(),
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
  compile: async ({ groupBy, aggregates }, [input], { nodeId }) => {
    const { table, schema } = input!
    const keys = groupBy.map((name) => findColumn(namesOf(schema), name))
    const records = { table, from: table, schema, place: placeIn(input!) }
    return await groupRecords({ nodeId, records, groupBy: keys, aggregates, windows: null })
  },
})
