import { z } from 'zod'
import { findColumn, namesOf } from './columns.js'
import { aggregates, columnNames, duration } from './config.js'
import { groupRecords } from './group/group-records.js'
import { untilTheEnd, whileTheyChange } from './group/keeping.js'
import { defineOperator, placeIn } from './operator.js'
import { timeToLive } from './state/time-to-live.js'

const config = z
  .strictObject({
    groupBy: columnNames(
      'One record for each combination of values in these columns; without any, one record for all.',
    ).default([]),
    aggregates: aggregates(),
    ttl: duration(
      'STREAMING: a group into which no record has come for longer than this is forgotten; if one comes later, it begins anew. BATCH: no effect.',
    ).optional(),
  })
  .refine(({ groupBy, ttl }) => ttl === undefined || groupBy.length > 0, {
    path: ['ttl'],
    message: '`ttl` is about groups, and without `groupBy` there are none.',
  })
  .meta({
    title: 'Aggregate',
    description:
      'BATCH: the result comes at the end of the input, in the order in which the groups first came. STREAMING: after every epoch the groups that have changed come again as they are now, in the order in which they came in the epoch, for a sink with mode UPSERT; into another they are appended.',
  })

export const aggregate = defineOperator({
  type: 'AGGREGATE',
  summary: 'Groups records and computes a result for each group.',
  config,
  ports: [{ name: 'input', byName: true }],
  modes: ['BATCH', 'STREAMING'],
  key: ({ groupBy }) => ({ input: groupBy }),
  compile: async ({ groupBy, aggregates, ttl }, [input], setting) => {
    const { table, schema } = input!
    const keys = groupBy.map((name) => findColumn(namesOf(schema), name))
    const records = { table, from: table, schema, place: placeIn(input!) }
    const keeping = setting.mode === 'BATCH' ? untilTheEnd : whileTheyChange(timeToLive(ttl, setting, namesOf(schema)))
    return await groupRecords({ nodeId: setting.nodeId, records, groupBy: keys, aggregates, windows: null, keeping })
  },
})
