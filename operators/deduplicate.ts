import { z } from 'zod'
import { unusedName } from '../core/record/schema.js'
import { identifier } from '../duckdb/sql.js'
import { findColumn, namesOf, orderBy } from './columns.js'
import { columnNames, duration, sortKeys } from './config.js'
import { bestAfterEpoch, bestAtEnd } from './deduplicate/best-so-far.js'
import { firstSeen } from './deduplicate/first-seen.js'
import { defineOperator } from './operator.js'
import { timeToLive } from './state/time-to-live.js'

const config = z
  .strictObject({
    key: columnNames('Records that agree in these columns are the same; two missing values agree.').min(1),
    keep: z.enum(['FIRST', 'LAST']).default('FIRST').describe('Which of them stays.'),
    orderBy: sortKeys(
      'First and last by these columns instead of source order; equal ones by source order. A record without a value stays only if there is no other.',
    ).optional(),
    ttl: duration(
      'STREAMING: a key is forgotten once its record has stood for longer than this: since the first came, or since the last that took its place. One that comes later is the first again. BATCH: no effect.',
    ).optional(),
  })
  .meta({
    title: 'Deduplicate',
    description:
      'FIRST without `orderBy`: the record leaves as it comes. Else, BATCH: at the end of the input, in source order; STREAMING: after every epoch those that have taken the place of another or are the first of their key, for a sink with mode UPSERT; into another they are appended.',
  })

export const deduplicate = defineOperator({
  type: 'DEDUPLICATE',
  summary: 'Keeps one record for each key.',
  config,
  ports: [{ name: 'input' }],
  modes: ['BATCH', 'STREAMING'],
  key: ({ key }) => ({ input: key }),
  compile: ({ key, keep, orderBy: order, ttl: given }, [input], setting) => {
    const { nodeId, mode } = setting
    const columns = namesOf(input!.schema)
    const keys = key.map((name) => findColumn(columns, name))
    const ttl = timeToLive(given, setting, columns)
    if (keep === 'FIRST' && order === undefined) return firstSeen(input!, keys, nodeId, ttl)
    const ranking =
      order === undefined
        ? []
        : orderBy(
            order.map((by) => (keep === 'FIRST' ? by : reversed(by))),
            columns,
          )
    const place = unusedName('place', columns)
    const last = `${identifier(place)} ${keep === 'FIRST' ? 'ASC' : 'DESC'}`
    const contest = { input: input!, keys, ranking: [...ranking, last], place, nodeId }
    return mode === 'BATCH' ? bestAtEnd(contest) : bestAfterEpoch(contest, ttl)
  },
})

function reversed<By extends { readonly order: 'ASC' | 'DESC' }>(by: By): By {
  return { ...by, order: by.order === 'ASC' ? 'DESC' : 'ASC' }
}
