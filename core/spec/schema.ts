import { z } from 'zod'
import { alertRuleDocument } from '../alert/schema.js'
import { duration } from '../config/schema.js'
import { parseDuration } from './duration.js'
import { defaultMaxParallelism } from './settings.js'

/** The shape of a job spec: every key, with what it means. What the keys mean together is checked in validate.ts. */

/** No time at all would make no sense there. */
const someTime = (description: string) =>
  duration(description).refine((text) => parseDuration(text) !== 0, 'Expected more than no time.')
const count = (description: string, least = 0) => z.int().min(least).describe(description)
const name = (description: string) => z.string().trim().min(1).max(128).describe(description)
const nodeId = (description: string) =>
  z
    .string()
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_-]{0,63}$/, 'Expected an id of letters, digits, _ and -, 64 characters at most.')
    .describe(description)
const output = (description: string) =>
  z.string().min(1).describe(`${description} \`id.late\` is the second output of a node.`)
const INSTANT_EXPECTED = 'Expected a time with its zone, such as 2026-12-01T00:00:00Z.'
/** Databases and calendars disagree about years beyond. */
export const [FIRST_MS, LAST_MS] = [0, Date.UTC(2200, 0, 1)]
/** A time with its zone, from 1970 to 2199. */
export const instant = (description: string) =>
  z.iso
    .datetime({ offset: true, error: INSTANT_EXPECTED, abort: true })
    .refine((text) => Date.parse(text) >= FIRST_MS && Date.parse(text) < LAST_MS, {
      error: 'Expected a time from 1970 to 2199.',
    })
    .describe(description)
const maxRestarts = (description: string) => z.union([z.int().min(0), z.literal('UNLIMITED')]).describe(description)
const scalar = z.union([z.string(), z.number(), z.boolean()])

const checkpoint = z
  .strictObject({
    interval: someTime('About how long one epoch takes. BATCH 30s, STREAMING 5s.').optional(),
    timeout: someTime('An epoch that takes longer fails its checkpoint.').optional().meta({ default: '10m' }),
    retained: count(
      'How many completed checkpoints are kept; without it, as the system setting `checkpoint.retained` says.',
      1,
    )
      .optional()
      .meta({ default: 3 }),
    tolerableFailures: count('How many failed checkpoints in a row do not count as a failure of the job.')
      .optional()
      .meta({ default: 0 }),
  })
  .describe('How often progress is made durable, and how much of it is kept.')

const restart = z
  .discriminatedUnion('strategy', [
    z.strictObject({ strategy: z.literal('NONE').describe('The first failure ends the execution.') }),
    z.strictObject({
      strategy: z.literal('FIXED_DELAY').describe('A number of restarts, each after the same delay.'),
      maxRestarts: maxRestarts('How many restarts; 0: never.').optional().meta({ default: 3 }),
      delay: duration('How long to wait before each restart.').optional().meta({ default: '10s' }),
    }),
    z.strictObject({
      strategy: z.literal('EXPONENTIAL_BACKOFF').describe('Each restart waits longer than the one before.'),
      initialDelay: duration('The first delay, and the shortest.').optional().meta({ default: '1s' }),
      maxDelay: duration('The longest delay.').optional().meta({ default: '1m' }),
      multiplier: z.number().min(1).describe('How much longer each delay is.').optional().meta({ default: 2 }),
      jitter: z
        .number()
        .min(0)
        .max(1)
        .describe('Share of the delay by which it varies.')
        .optional()
        .meta({ default: 0.1 }),
      resetAfter: duration('After so long without failure it starts over.').optional().meta({ default: '10m' }),
      maxRestarts: maxRestarts('How many restarts between two resets. BATCH 10, STREAMING UNLIMITED.').optional(),
    }),
    z.strictObject({
      strategy: z.literal('FAILURE_RATE').describe('Fails when failures come too often.'),
      maxFailures: count('How many failures within the interval are tolerated.').optional().meta({ default: 3 }),
      interval: someTime('The interval that failures are counted in.').optional().meta({ default: '5m' }),
      delay: duration('How long to wait before each restart.').optional().meta({ default: '10s' }),
    }),
  ])
  .describe('What happens when the job fails. BATCH: FIXED_DELAY, STREAMING: EXPONENTIAL_BACKOFF.')

const onBadRecord = z
  .strictObject({
    action: z
      .enum(['FAIL', 'SKIP', 'DEAD_LETTER'])
      .describe('What becomes of a record that cannot be parsed, cast, evaluated or written.'),
    max: count('More bad records than this fail the job.').optional(),
    maxRatio: z
      .number()
      .min(0)
      .max(1)
      .describe('A larger share of bad records fails the job; judged from 1,000 records on.')
      .optional(),
  })
  .describe('What becomes of bad records.')

const scheduleParameters = z
  .record(z.string(), scalar)
  .describe('Parameter values of the executions; `${logicalTime}` and `${event.…}` may stand in them.')
  .optional()
const enabled = z.boolean().describe('A disabled schedule starts nothing.').optional().meta({ default: true })

const schedule = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('IMMEDIATE').describe('Starts once, when the job is saved.'),
      enabled,
      parameters: scheduleParameters,
    }),
    z.strictObject({
      type: z.literal('CRON').describe('Starts at times of the calendar.'),
      enabled,
      cron: z
        .string()
        .trim()
        .min(1)
        .describe(
          'Quartz (6 or 7 fields, seconds first) or Unix (5 fields, or `@daily` and the like); see docs/cron.md.',
        ),
      timezone: z
        .string()
        .min(1)
        .describe('Time zone of the calendar, such as Europe/Berlin.')
        .optional()
        .meta({ default: 'UTC' }),
      catchUp: z
        .string()
        .regex(/^(NONE|LAST|ALL|ALL\([1-9]\d{0,3}\))$/, 'Expected NONE, LAST, ALL or ALL(10), up to ALL(9999).')
        .describe('Which missed times are made up for: NONE, LAST, ALL, or at most so many: ALL(10).')
        .optional()
        .meta({ default: 'LAST' }),
      jitter: duration('Starts are spread over so long.').optional(),
      startAt: instant('Times before it start nothing. Such as 2026-12-01T00:00:00Z.').optional(),
      endAt: instant('Times after it start nothing. Such as 2026-12-01T00:00:00Z.').optional(),
      parameters: scheduleParameters,
    }),
    z.strictObject({
      type: z.literal('DEPENDENCY').describe('Starts when other jobs have ended.'),
      enabled,
      on: z.array(name('Name of the other job.')).min(1).describe('Jobs that it waits for.'),
      require: z.enum(['ALL', 'ANY']).describe('All of them, or any one.').optional().meta({ default: 'ALL' }),
      status: z
        .enum(['COMPLETED', 'FAILED', 'CANCELLED', 'ANY'])
        .describe('How they must have ended.')
        .optional()
        .meta({ default: 'COMPLETED' }),
      within: someTime('They must have ended within so long of each other.').optional(),
      parameters: scheduleParameters,
    }),
    z.strictObject({
      type: z.literal('EVENT').describe('Starts when an event is posted.'),
      enabled,
      event: z.string().trim().min(1).max(191).describe('Type of the event.'),
      where: z.string().trim().min(1).describe('SQL condition over `payload`.').optional(),
      parameters: scheduleParameters,
    }),
  ])
  .describe('When executions start by themselves.')

const parameter = z
  .strictObject({
    type: z.enum(['STRING', 'INT', 'DECIMAL', 'BOOLEAN', 'DATE', 'TIMESTAMP']).describe('Type of its values.'),
    default: scalar.describe('Without one, a value must be given at each start.').optional(),
    description: z.string().describe('For people.').optional(),
  })
  .describe('A value given at start; `${name}` stands for it.')

const config = z.record(z.string(), z.unknown()).describe('Settings of the connector or operator.')

const watermark = z
  .strictObject({
    time: z.string().min(1).describe('Column of event time.'),
    outOfOrderness: duration('How much later than the newest record a record may come.')
      .optional()
      .meta({ default: '0s' }),
    idleTimeout: duration('A partition without records for so long is not waited for.').optional(),
  })
  .describe('Event time of the output of this node.')

const node = z
  .strictObject({
    id: nodeId('Unique in the job; state and metrics follow it.'),
    name: z.string().min(1).describe('For people.').optional(),
    description: z.string().describe('For people.').optional(),
    source: z.string().min(1).describe('Connector to read from.').optional(),
    operator: z.string().min(1).describe('Type of operator.').optional(),
    sink: z.string().min(1).describe('Connector to write to.').optional(),
    config: config.optional(),
    input: output('The node to read from.').optional(),
    inputs: z
      .union([z.array(output('A node to read from.')).min(1), z.record(z.string(), output('The node to read from.'))])
      .describe('Several nodes to read from: a list, or by port.')
      .optional(),
    parallelism: count('How many subtasks.', 1).optional(),
    chaining: z
      .enum(['ALWAYS', 'HEAD', 'NEVER'])
      .describe('ALWAYS: fused with its neighbours where possible. HEAD: starts a chain. NEVER: stays alone.')
      .optional()
      .meta({ default: 'ALWAYS' }),
    watermark: watermark.optional(),
  })
  .describe('A source, an operator or a sink.')
  .meta({ oneOf: ['source', 'operator', 'sink'].map((kind) => ({ required: [kind] })) })

const edge = z
  .strictObject({
    from: output('The node that gives.'),
    to: z.string().min(1).describe('The node that takes.'),
    port: z.string().min(1).describe('Input port of the node that takes, where it has several.').optional(),
    type: z.enum(['FORWARD', 'SHUFFLE', 'BROADCAST']).describe('How records are spread over subtasks.').optional(),
    partition: z.enum(['HASH', 'ROUND_ROBIN', 'CUSTOM']).describe('How SHUFFLE chooses the subtask.').optional(),
    key: z.array(z.string().min(1)).min(1).describe('Columns that HASH goes by.').optional(),
    expression: z
      .string()
      .trim()
      .min(1)
      .describe('SQL giving the number of the subtask, for CUSTOM.')
      .optional()
      .meta({ sql: 'VALUE' }),
  })
  .describe('An edge spelled out, where its type matters.')

export const jobSpec = z
  .strictObject({
    kind: z.literal('job').describe('Kind of document.').optional(),
    name: name('Unique among jobs.'),
    description: z.string().describe('For people.').optional(),
    type: z
      .enum(['BATCH', 'STREAMING'])
      .describe('BATCH ends with its input; STREAMING runs until it is stopped.')
      .optional()
      .meta({ default: 'BATCH' }),
    tags: z.array(z.string().min(1)).describe('For finding jobs.').optional(),
    parallelism: count('Subtasks of every node that says nothing else.', 1).optional().meta({ default: 1 }),
    maxParallelism: z
      .int()
      .min(1)
      .max(32768)
      .describe('Number of key groups; fixed for the life of the state.')
      .optional()
      .meta({ default: defaultMaxParallelism }),
    delivery: z
      .enum(['EXACTLY_ONCE', 'AT_LEAST_ONCE'])
      .describe('What is promised of each record.')
      .optional()
      .meta({ default: 'EXACTLY_ONCE' }),
    positions: z
      .enum(['FRESH', 'CONTINUE'])
      .describe('FRESH: each execution starts anew. CONTINUE: from where the last one ended.')
      .optional()
      .meta({ default: 'FRESH' }),
    checkpoint: checkpoint.optional(),
    restart: restart.optional(),
    onBadRecord: onBadRecord.optional(),
    timeout: someTime('Of one execution.').optional(),
    maxConcurrentRuns: count('How many executions may run at a time.', 1).optional().meta({ default: 1 }),
    overlap: z
      .enum(['WAIT', 'SKIP', 'CANCEL_RUNNING'])
      .describe('What becomes of a start beyond that number.')
      .optional()
      .meta({ default: 'WAIT' }),
    priority: z.int().describe('Larger is first.').optional().meta({ default: 0 }),
    retry: z
      .strictObject({
        max: count('How many.'),
        delay: duration('How long to wait before each.').optional().meta({ default: '5m' }),
      })
      .describe('After restarts are used up: restarts of the execution from its latest checkpoint.')
      .optional(),
    sla: someTime('Alarm when it has not finished by then.').optional(),
    schedule: schedule.optional(),
    parameters: z
      .record(z.string().regex(/^[A-Za-z_]\w*$/, 'Expected a name of letters, digits and _.'), parameter)
      .describe('Values given at start.')
      .optional(),
    nodes: z.array(node).min(1).describe('Sources, operators and sinks.'),
    edges: z.array(edge).describe('Edges spelled out.').optional(),
  })
  .describe('A job: a graph of sources, operators and sinks, and how to run it.')

export const connectionDocument = z
  .strictObject({
    kind: z.literal('connection').describe('Kind of document.'),
    name: name('Unique among connections.'),
    connector: z.string().min(1).describe('Connector that uses it.'),
    description: z.string().describe('For people.').optional(),
    usage: z
      .enum(['SOURCE', 'SINK', 'BOTH'])
      .describe('What nodes may use it for.')
      .optional()
      .meta({ default: 'BOTH' }),
    config: config.describe('Address, user, password.'),
  })
  .describe('What several nodes share of an outside system.')

export const settingDocument = z
  .strictObject({
    kind: z.literal('setting').describe('Kind of document.'),
    key: z.string().min(1).describe('Name of the setting.'),
    value: scalar.describe('Its value.'),
  })
  .describe('A setting of the system.')

/** By the `kind` of a document. */
export const documentSchemas = {
  job: jobSpec,
  connection: connectionDocument,
  alertRule: alertRuleDocument,
  setting: settingDocument,
} as const

export type JobSpec = z.infer<typeof jobSpec>
export type ConnectionDocument = z.infer<typeof connectionDocument>
export type SettingDocument = z.infer<typeof settingDocument>

export function jobJsonSchema(): Record<string, unknown> {
  return { $id: 'https://etl.local/schemas/job', title: 'ETL job', ...documentJsonSchema('job') }
}

export function documentJsonSchema(kind: keyof typeof documentSchemas): Record<string, unknown> {
  return z.toJSONSchema(documentSchemas[kind], { io: 'input' }) as Record<string, unknown>
}
