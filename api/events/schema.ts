import { z } from 'zod'
import { instant } from '../../core/spec/schema.js'
import { executionStatus } from '../executions/schema.js'
import { json, listOf, page, time } from '../http/schema.js'

export const eventBody = z.strictObject({
  // Where ids are compared, a database takes no notice of spaces at their end.
  id: z
    .string()
    .min(1)
    .max(180)
    .refine((text) => !/\s$/.test(text), 'Expected no space at its end.')
    .describe('Of the sender: the same id counts once, whatever comes with it.'),
  type: z.string().trim().min(1).max(191).describe('What `schedule.event` of a job names.'),
  time: instant('When it happened; the logical time. Default: now.').optional(),
  payload: json.default({}).describe('What `where` looks at, and `${event.…}` takes values from.'),
})

const claim = z.object({
  jobId: z.string(),
  executionId: z.string().nullable().describe('null: it started none.'),
  message: z.string().nullable().describe('Why it started none, or why that has failed at once.'),
})
const fact = {
  eventId: z.string(),
  type: z.string().describe('As the sender names it; JOB_FINISHED: the end of an execution.'),
  time,
}
export const postedEvent = z
  .object({
    ...fact,
    isNew: z.boolean().describe('False: the id has come before, and nothing more is started.'),
    executions: z
      .array(z.object({ ...claim.shape, status: executionStatus.nullable() }))
      .describe('What it started, of each job that waits for it.'),
  })
  .meta({ id: 'PostedEvent' })
export const triggerEvent = z
  .object({
    ...fact,
    logicalTime: time.nullable(),
    isScheduledTime: z.boolean().describe('The logical time is one of a calendar; what depends on it goes by it.'),
    source: z.object({ jobId: z.string(), executionId: z.string(), status: z.string() }).nullable(),
    payload: json.nullable(),
    isHandled: z.boolean().describe('False: nobody has looked yet what it starts.'),
    claims: z
      .array(claim)
      .describe('What jobs have made of it; a job of whom more ends are missing has made nothing yet.'),
  })
  .meta({ id: 'TriggerEvent' })
const isEnabled = z.boolean().describe('False: its schedule is paused.')
const upstreamJob = z.object({
  jobId: z.string(),
  name: z.string(),
  isDeleted: z.boolean(),
  isEnabled: isEnabled.nullable().describe('False: its own schedule is paused; null: it has none.'),
  ends: z
    .array(
      z.object({
        executionId: z.string(),
        status: z.string(),
        logicalTime: time,
        isScheduledTime: z.boolean(),
        endedAt: time,
      }),
    )
    .describe('Ends that wait for those of the other jobs, newest first, ten at most.'),
})
export const dependencies = z
  .object({
    waitsFor: z
      .object({ isEnabled, require: z.enum(['ALL', 'ANY']), status: z.string(), jobs: z.array(upstreamJob) })
      .nullable()
      .describe('null: no DEPENDENCY schedule.'),
    startsWhenEnded: z
      .array(z.object({ jobId: z.string(), name: z.string(), isEnabled }))
      .describe('Jobs that wait for this one.'),
  })
  .meta({ id: 'Dependencies' })
export const triggerEventList = listOf(triggerEvent)
export const triggerEventQuery = z.strictObject({
  ...page,
  type: z.string().max(191).optional().describe('JOB_FINISHED, or as the sender names it.'),
  jobId: z.string().max(64).optional().describe('Whose end it is.'),
})
