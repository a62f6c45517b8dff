import { z } from 'zod'
import { instant } from '../../core/spec/schema.js'
import { executionStatus } from '../executions/schema.js'
import { id, json, listOf, page, time, version } from '../http/schema.js'

export const scheduleParams = z.strictObject({ scheduleId: id })
export const backfillParams = z.strictObject({ backfillId: id })
export const pageQuery = z.strictObject(page)
const count = z.number().int()
const type = z.enum(['IMMEDIATE', 'CRON', 'DEPENDENCY', 'EVENT'])

export const scheduleQuery = z.strictObject({
  ...page,
  jobId: id.optional(),
  type: type.optional(),
  enabled: z.enum(['true', 'false']).optional(),
})
export const decision = z
  .object({
    decision: z
      .enum(['SKIPPED', 'MISSED'])
      .describe('SKIPPED: the time started nothing. MISSED: times passed and nobody looked.'),
    logicalTime: time.describe('The time, or the newest of them.'),
    message: z.string(),
    createdAt: time,
  })
  .meta({ id: 'ScheduleDecision' })
export const decisionList = listOf(decision)
export const schedule = z
  .object({
    scheduleId: z.string(),
    jobId: z.string(),
    jobName: z.string(),
    type,
    isEnabled: z.boolean().describe('false: paused.'),
    cron: z.string().nullable(),
    description: z.string().nullable().describe('The expression in words.'),
    timezone: z.string(),
    catchUp: z.enum(['NONE', 'LAST', 'ALL']),
    catchUpMax: count.nullable(),
    jitterMs: count,
    startAt: time.nullable(),
    endAt: time.nullable(),
    dependsOn: z.array(z.object({ jobId: z.string(), jobName: z.string().nullable() })),
    dependency: json.nullable().describe('require, status, withinMs'),
    event: z.object({ type: z.string(), where: z.string().nullable() }).nullable(),
    parameters: z.record(z.string(), z.string()),
    overlap: z.enum(['WAIT', 'SKIP', 'CANCEL_RUNNING']),
    priority: count,
    maxConcurrentRuns: count,
    nextFireTime: time.nullable().describe('Always to come; null: there is none, or it is paused.'),
    lastFireTime: time.nullable(),
    fireCount: count,
    lastExecutionId: z.string().nullable(),
    lastDecision: decision.nullable(),
    troubles: z
      .array(
        z.object({
          what: z
            .string()
            .describe(
              'ROW: what the catalogue holds of it cannot be read. HELD: written to Temporal. CATCH_UP: missed times made up for. DEPENDENCY, EVENT: started by one. BACKFILL, with its id: the past filled.',
            ),
          message: z.string(),
          since: time,
        }),
      )
      .describe('What cannot be done of it at present; it is tried again, and goes from here once it goes well.'),
    version: count,
    updatedBy: z.string().nullable(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Schedule' })
export const scheduleList = listOf(schedule)

const written = json.describe('`schedule` of a job spec: GET /schemas/job.')
export const newSchedule = z.strictObject({ jobId: id, schedule: written })
export const scheduleBody = z.strictObject({ version: version.optional(), schedule: written })
export const versionBody = z.strictObject({ version: version.optional() })
export const nextQuery = z.strictObject({
  count: z.coerce.number().int().min(1).max(1000).default(10),
  from: instant('Times after it; without it, after now.').optional(),
})
export const nextTimes = z.object({ next: z.array(time) }).meta({ id: 'NextTimes' })
export const triggered = z
  .object({ executionId: z.string(), status: executionStatus })
  .meta({ id: 'TriggeredExecution' })

const reprocess = z
  .enum(['MISSING', 'FAILED', 'ALL'])
  .describe('MISSING: times without an execution. FAILED: also those that failed or were cancelled. ALL: every time.')
export const backfillBody = z.strictObject({
  from: instant('Times at or after it.'),
  to: instant('Times at or before it; not in the future.'),
  maxConcurrentRuns: count.min(1).max(100).default(1).describe('Of the backfill; that of the job holds as well.'),
  reprocess: reprocess.default('MISSING'),
  dryRun: z.boolean().default(false).describe('Only says what would run.'),
})
export const backfill = z
  .object({
    backfillId: z.string(),
    scheduleId: z.string(),
    jobId: z.string(),
    status: z.enum(['RUNNING', 'PAUSED', 'COMPLETED', 'CANCELLED']),
    from: time,
    to: time,
    maxConcurrentRuns: count,
    reprocess,
    total: count.describe('Times to fill when it was asked for.'),
    executions: z.record(z.string(), count).describe('Executions of it, by their status.'),
    createdBy: z.string().nullable(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'Backfill' })
export const backfillList = listOf(backfill)
export const backfilled = z
  .object({
    backfill: backfill.nullable().describe('null: a dry run.'),
    times: z
      .array(
        z.object({
          logicalTime: time,
          executionId: z.string().nullable().describe('The newest for that time.'),
          status: executionStatus.nullable(),
          runs: z.boolean(),
        }),
      )
      .describe('Of a dry run.'),
  })
  .meta({ id: 'Backfilled' })
export const cancelledBackfill = z
  .object({ backfillId: z.string(), cancelled: z.array(z.string()).describe('Executions that were asked to end.') })
  .meta({ id: 'CancelledBackfill' })
