import { z } from 'zod'
import { JobError } from '../core/errors/job-error.js'
import { sameName } from '../core/record/schema.js'
import { parseDuration } from '../core/spec/duration.js'
import { millisOf } from '../duckdb/event-time.js'
import { identifier } from '../duckdb/sql.js'
import { findColumn, namesOf } from './columns.js'
import { aggregates, columnNames, duration, offset } from './config.js'
import { type Aggregation, groupRecords } from './group/group-records.js'
import type { Windows } from './group/grouping.js'
import { untilTheEnd } from './group/keeping.js'
import { type Compiled, defineOperator, type Input, placeIn } from './operator.js'
import { type Clock, clockOf } from './state/clock.js'
import { refuseOwnColumns, windowColumns } from './window/columns.js'
import { untilTheirEnd } from './window/keep-windows.js'
import { hopping, sessions, tumbling } from './window/kinds.js'
import { judgedOf } from './window/session-windows.js'
import { timedRecords } from './window/timed-records.js'

const shared = {
  groupBy: columnNames('Windows of their own for each combination of values in these columns.').default([]),
  aggregates: aggregates(),
  allowedLateness: duration('STREAMING: how long a window still takes records after its end.').optional(),
}
const shift = offset(
  'How much later windows begin than at full multiples of their size, or slide, since 1970-01-01 00:00 UTC.',
).default('0s')

const config = z
  .discriminatedUnion('type', [
    z
      .strictObject({
        type: z.literal('TUMBLING').describe('Windows of one size, one after another: each record is in one.'),
        size: duration('How long each window is.'),
        offset: shift,
        ...shared,
      })
      .superRefine(({ size, offset }, context) => {
        if (isLength('size', size, context)) isOffset(offset, size, 'size', context)
      }),
    z
      .strictObject({
        type: z
          .literal('HOPPING')
          .describe('Windows of one size that begin every `slide`: a record may be in several.'),
        size: duration('How long each window is.'),
        slide: duration(
          'From the begin of one window to the next; if longer than `size`, records in between are dropped.',
        ),
        offset: shift,
        ...shared,
      })
      .superRefine(({ size, slide, offset }, context) => {
        const fits = [isLength('size', size, context), isLength('slide', slide, context)].every(Boolean)
        if (!fits || !isOffset(offset, slide, 'slide', context)) return
        const windows = Math.ceil(lengthOf(size) / lengthOf(slide))
        if (windows <= mostWindows) return
        const message = `Each record would be in ${windows} windows, and ${mostWindows} are the most.`
        context.addIssue({ code: 'custom', path: ['slide'], message })
      }),
    z
      .strictObject({
        type: z.literal('SESSION').describe('A window of records that follow one another closely.'),
        gap: duration('A record that comes at most so long after another is in the same window.'),
        ...shared,
      })
      .superRefine(({ gap }, context) => void isLength('gap', gap, context)),
  ])
  .meta({
    title: 'Window',
    description:
      'Event time is the column that `watermark.time` names, at the source or at a MAP before. Adds `window_start` and `window_end` (TIMESTAMP, UTC, end exclusive). A record without event time is a bad record. BATCH: the result comes at the end of the input, by `window_end`, then in the order in which the groups first came; no record is late. STREAMING: a window is told when the watermark reaches its last millisecond, and again for each epoch in which records that came within `allowedLateness` have changed it; what comes later leaves by `late`. See docs/windows.md.',
  })

export const window = defineOperator({
  type: 'WINDOW',
  summary: 'Groups records by windows of event time, and computes a result for each.',
  config,
  ports: [{ name: 'input' }],
  modes: ['BATCH', 'STREAMING'],
  late: true,
  adds: windowColumns,
  key: ({ groupBy }) => ({ input: groupBy }),
  compile: async (config, [input], { nodeId, mode }) => {
    const { groupBy, aggregates } = config
    await refuseOwnColumns(input!.schema, config)
    const keys = groupBy.map((name) => findColumn(namesOf(input!.schema), name))
    const keeps = (name: string) => windowColumns.every((column) => !sameName(column.name, name))
    const wanted = { nodeId, groupBy: keys, aggregates }
    return mode === 'BATCH'
      ? await allAtOnce(config, input!, keeps, wanted)
      : await asTimePasses(config, input!, keeps, wanted)
  },
})

type Keeps = (name: string) => boolean
type Wanted = Pick<Aggregation, 'nodeId' | 'groupBy' | 'aggregates'>

/** BATCH: everything is there before the first window is told. */
async function allAtOnce(config: Config, input: Input, keeps: Keeps, wanted: Wanted): Promise<Compiled> {
  const timed = timedRecords(input, keeps)
  const { absorbs, assign, merge } = windowsOf(config, timed.names)
  const records = absorbs === null ? timed.records : timed.only(absorbs)
  const windows = { assign, merge, time: timed.names.time, columns: windowColumns, tried: timed.tried }
  const compiled = await groupRecords({ ...wanted, records, windows, keeping: untilTheEnd })
  return absorbs === null ? compiled : { ...compiled, accounting: { absorbed: `SELECT count(*) FROM ${records.from}` } }
}

/** STREAMING: what a record finds is decided by the watermark that it met, and never by where epochs are cut. */
async function asTimePasses(config: Config, input: Input, keeps: Keeps, wanted: Wanted): Promise<Compiled> {
  const clock = clockOf(wanted.nodeId)
  const met = metAtWindow(input, clock)
  const timed = timedRecords(input, keeps, met)
  const { names } = timed
  const { absorbs, lastEnd, assign, merge } = windowsOf(config, names)
  const latenessMs = lengthOf(config.allowedLateness ?? '0s')
  const [time, at] = [identifier(names.time), identifier(names.met)]
  const passed = (micros: string) => `coalesce(${micros} + ${latenessMs * 1000} <= ${at} * 1000, false)`
  const isTaken = `(${absorbs ?? 'true'}) AND NOT ${passed(`${lastEnd} - 1000`)}`
  const sessions =
    config.type === 'SESSION' ? { nodeId: wanted.nodeId, gapMs: lengthOf(config.gap), latenessMs, names, clock } : null
  const records = sessions === null ? timed.only(isTaken) : timed.records
  const open = (from: string) =>
    `(SELECT * FROM ${from} WHERE NOT ${passed(`epoch_us(${identifier(windowColumns[1]!.name)}) - 1000`)})`
  const windows: Windows = {
    assign: sessions === null ? (from, keys) => open(assign(from, keys)) : assign,
    merge,
    time: names.time,
    columns: windowColumns,
    tried: timed.tried,
  }
  const keeping = untilTheirEnd(windows, { latenessMs, clock, sessions })
  const compiled = await groupRecords({ ...wanted, records, windows, keeping })
  const late = timed.only(`NOT (${isTaken}) AND ${passed(`${millisOf(time)} * 1000`)}`)
  const latePlaces =
    sessions === null ? `SELECT ${late.place} FROM ${late.from}` : `SELECT place FROM ${judgedOf(wanted.nodeId).late}`
  const taken = sessions === null ? records.from : `${records.from} WHERE ${records.place} NOT IN (${latePlaces})`
  return {
    ...compiled,
    late: `SELECT * FROM ${input.table} WHERE ${placeIn(input)} IN (${latePlaces}) ORDER BY rowid`,
    accounting: { absorbed: `SELECT count(*) FROM ${taken}` },
  }
}

/** Never below the watermark that the windows were closed with: what a record that is not late belongs to is still there. */
function metAtWindow({ met }: Input, clock: Clock): string {
  if (met === null) {
    const hint =
      'Name the watermark on a MAP right before: only FILTER, MAP, FLATMAP, UNION, JOIN and DEDUPLICATE of the FIRST keep it.'
    throw new JobError('spec.invalid', 'WINDOW in STREAMING needs a watermark, and none reaches it.', { hint })
  }
  return `greatest(${met}, ${clock.at})`
}

type Config = z.infer<typeof config>

function windowsOf(config: Config, names: Parameters<typeof tumbling>[0]) {
  switch (config.type) {
    case 'TUMBLING':
      return tumbling(names, lengthOf(config.size), lengthOf(config.offset))
    case 'HOPPING':
      return hopping(names, lengthOf(config.size), lengthOf(config.slide), lengthOf(config.offset))
    case 'SESSION':
      return sessions(names, lengthOf(config.gap))
  }
}

const lengthOf = (text: string): number => parseDuration(text) ?? 0

/** Of one record: what it is multiplied by must fit in memory. */
const mostWindows = 10_000
/** What is longer than durations may be is told by its own schema. */
function isLength(name: string, text: string, context: z.RefinementCtx): boolean {
  const ms = parseDuration(text)
  if (ms !== 0) return ms !== null
  context.addIssue({ code: 'custom', path: [name], message: `\`${name}\` must be longer than nothing.` })
  return false
}

function isOffset(text: string, length: string, of: string, context: z.RefinementCtx): boolean {
  const ms = parseDuration(text)
  if (ms !== null && Math.abs(ms) < lengthOf(length)) return true
  context.addIssue({ code: 'custom', path: ['offset'], message: `\`offset\` must be shorter than \`${of}\`.` })
  return false
}
