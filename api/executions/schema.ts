import { z } from 'zod'
import { parseDuration } from '../../core/spec/duration.js'
import { id, json, listOf, page, time, timeRange } from '../http/schema.js'

export const executionParams = z.strictObject({ executionId: id })
export const checkpointParams = z.strictObject({ checkpointId: id })
export const executionStatus = z.enum([
  'CREATED',
  'WAITING',
  'RUNNING',
  'PAUSED',
  'RESTARTING',
  'COMPLETED',
  'FAILED',
  'CANCELLED',
])

const scalar = z.union([z.string(), z.number(), z.boolean()])
export const startBody = z.strictObject({
  parameters: z.record(z.string(), scalar).default({}).describe("Values of the job's parameters."),
  priority: z.number().int().min(-1_000_000).max(1_000_000).optional().describe('Larger first.'),
})
export const started = z.object({ executionId: z.string(), status: executionStatus }).meta({ id: 'StartedExecution' })
export const updated = z
  .object({
    executionId: z.string(),
    status: executionStatus,
    done: z.boolean().describe('False: it comes once the epoch that runs is through.'),
  })
  .meta({ id: 'UpdatedExecution' })
export const savepointBody = z.strictObject({
  stop: z.boolean().default(false).describe('The execution ends after it, COMPLETED; only of a STREAMING job.'),
  drain: z
    .boolean()
    .default(false)
    .describe('With stop: its sources end before, so that everything open fires. It cannot be continued afterwards.'),
  now: z
    .boolean()
    .default(false)
    .describe('Does not wait for the epoch that runs: it is given up, unless a sink shows it already.'),
})
export const savepoint = z
  .object({
    ...updated.shape,
    checkpointId: z.string().nullable().describe('null: not done yet, or no epoch is complete.'),
  })
  .meta({ id: 'Savepoint' })
const allowNonRestoredState = z
  .boolean()
  .default(false)
  .describe('State and positions that the newest version has no place for are left behind.')
export const restartBody = z.strictObject({
  allowNonRestoredState,
  stop: z
    .boolean()
    .default(false)
    .describe('One that runs is stopped with a savepoint; the new one waits for that, and may be asked for again.'),
})
export const restarted = z
  .object({ ...started.shape, stopping: z.string().nullable().describe('The execution that it goes on after.') })
  .meta({ id: 'RestartedExecution' })
export const forkBody = z.strictObject({
  parameters: startBody.shape.parameters.describe('Other values than those of the execution that it starts from.'),
  allowNonRestoredState,
})
export const forked = z
  .object({
    ...started.shape,
    lineageId: z.string(),
    checkpointId: z.string(),
    epoch: z.number().int().describe('The last epoch that is not written again.'),
    notice: z.string(),
  })
  .meta({ id: 'ForkedExecution' })

export const cancelManyBody = z.strictObject({
  jobId: id.optional().describe('Only of this job.'),
  status: executionStatus.optional().describe('Only those that are so now; FAILED: those that are to be tried again.'),
  dryRun: z.boolean().default(false).describe('Only says which they are.'),
})
export const cancelled = z
  .object({
    items: z.array(z.object({ ...started.shape, jobId: z.string(), jobName: z.string() })),
    dryRun: z.boolean(),
  })
  .meta({ id: 'CancelledExecutions' })

const count = z.number().int()
export const reportedError = z.object({
  code: z.string(),
  message: z.string(),
  nodeId: z.string().nullable(),
  hint: z.string().nullable(),
  retryable: z.boolean(),
})
export const execution = z
  .strictObject({
    executionId: z.string(),
    jobId: z.string(),
    jobName: z.string(),
    jobVersion: count,
    status: executionStatus,
    records: z.object({
      read: count,
      sideRead: count,
      processed: count,
      written: count,
      filtered: count,
      failed: count,
      late: count,
    }),
    epochs: count,
    restarts: count,
    durationMs: z.number(),
    lastCheckpointId: z.string().nullable(),
    operators: z.array(z.object({ id: z.string(), recordsIn: count, recordsOut: count, processingMs: z.number() })),
    error: reportedError.nullable(),
    waitReason: z.string().optional().describe('Only while it waits: for which limit, and how many go before it.'),
    retryAt: time.optional().describe('Only of a FAILED one that is tried again: when. Cancelling it gives that up.'),
  })
  .meta({ id: 'Execution' })
export const executionList = listOf(execution)
export const executionQuery = z.strictObject({
  ...page,
  ...timeRange,
  limit: page.limit.unwrap().default(20).describe('How many at most.'),
  jobId: id.optional(),
  status: executionStatus.optional(),
})

export const eventQuery = z.strictObject({
  limit: page.limit,
  cursor: z
    .string()
    .regex(/^\d{1,20}$/)
    .optional()
    .describe('`nextCursor` of the page before, or a `sequence`.'),
})
export const event = z
  .object({
    sequence: z.string().describe('Increases; as server-sent events it is their id.'),
    eventId: z.string(),
    type: z.string(),
    level: z.enum(['INFO', 'WARNING', 'ERROR']),
    message: z.string(),
    time,
    epoch: count.nullable(),
    attempt: count.nullable(),
    code: z.string().nullable().optional(),
    details: json.nullable().optional(),
  })
  .meta({ id: 'ExecutionEvent' })
export const eventList = listOf(event)

const counters = json
export const operatorList = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      nodeType: z.enum(['SOURCE', 'OPERATOR', 'SINK']),
      kind: z.string(),
      parallelism: count,
      counters: counters.describe('Of the epochs that are committed.'),
      running: counters.nullable().describe('Of the epoch that is running.'),
    }),
  ),
  slowest: z
    .object({
      operatorId: z.string(),
      why: z
        .enum(['BUSY', 'WAITING_FOR_SINK', 'SKEWED'])
        .describe('It computes longest; it waits for what it writes to; one of its subtasks has most of the records.'),
      percent: count.describe('Of the processing time of all operators.'),
      skew: z.number().describe('Records of the busiest subtask beside those of an average one.'),
      message: z.string(),
    })
    .nullable()
    .describe('By its last minutes; null: nothing has been worked on yet.'),
  nextCursor: z.string().nullable(),
})

export const metricsQuery = z.strictObject({
  from: timeRange.from.describe('Not before this time; absent: since it began.'),
  to: timeRange.to.describe('Before this time; absent: until its end, or now.'),
  step: z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) >= 1000, 'must be a duration of a second or more, such as 10s or 5m')
    .optional()
    .describe('How long a stretch one point stands for, such as `30s` or `1h`; absent: so that there are some 300.'),
})
const optionalNumber = z.number().nullable()
const rate = z.number().describe('Records per second.')
const byteRate = z.number().describe('Bytes per second.')
export const metrics = z
  .object({
    from: time,
    to: time,
    stepMs: count,
    job: z.array(
      z.object({
        time: time.describe('Where its stretch begins; stretches without a point are gaps.'),
        epoch: count.nullable(),
        records: execution.shape.records.describe('So far.'),
        bytes: z.object({ read: count, written: count }).describe('So far, as far as connectors know.'),
        rates: z.object({ read: rate, processed: rate, written: rate, bytesRead: byteRate, bytesWritten: byteRate }),
        backpressureCount: count.describe('Waits of more than 100 ms for what is behind.'),
        backpressureTimeMs: z.number(),
        checkpointDurationMs: optionalNumber.describe('The longest, from its plan to its commit.'),
        latencyMs: optionalNumber.describe('From the event time of the newest record of an epoch to its commit.'),
        stateSizeBytes: z.number().describe('Of the checkpoint.'),
        restarts: count,
        cpuUsagePercent: optionalNumber.describe('Of the worker process; 100: one core.'),
        memoryUsageBytes: optionalNumber.describe('Of the worker process.'),
      }),
    ),
    operators: z.array(
      z.object({
        time,
        epoch: count.nullable(),
        operatorId: z.string(),
        recordsIn: count.describe('Within the stretch, like all that follows.'),
        recordsOut: count,
        recordsFiltered: count,
        recordsFailed: count,
        bytes: count.describe('Read by a source, written by a sink; as far as its connector knows.'),
        subtasks: count,
        skew: optionalNumber.describe('Records of the busiest subtask beside those of an average one.'),
        processingMs: z.number(),
        backpressureTimeMs: z.number().describe('Waiting for what is behind it.'),
        idleMs: z.number().describe('Neither.'),
        stateSizeBytes: z.number(),
      }),
    ),
  })
  .meta({ id: 'Metrics' })

export const checkpoint = z
  .object({
    checkpointId: z.string(),
    jobId: z.string(),
    executionId: z.string(),
    lineageId: z.string(),
    epoch: count,
    phase: count,
    type: z.enum(['PERIODIC', 'SAVEPOINT']),
    status: z.enum(['IN_PROGRESS', 'COMPLETED', 'FAILED', 'DROPPED']),
    jobVersion: count,
    stateSizeBytes: z.number(),
    path: z.string().nullable(),
    stateDiscarded: z.boolean().describe('Beyond those retained: nothing can start from it.'),
    triggeredAt: time,
    completedAt: time.nullable(),
    durationMs: z.number().nullable(),
    failures: count,
    error: z.string().nullable(),
    next: json.nullable(),
  })
  .meta({ id: 'Checkpoint' })
export const checkpointList = listOf(checkpoint)
export const pageOnly = z.strictObject(page)
export const stateList = z.object({
  items: z.array(
    z.object({
      nodeId: z.string(),
      subtask: count,
      name: z.string(),
      type: z.enum(['VALUE', 'LIST', 'MAP']),
      path: z.string().nullable(),
      value: z.unknown(),
      sizeBytes: z.number(),
      records: z.number(),
    }),
  ),
  nextCursor: z.string().nullable(),
})
