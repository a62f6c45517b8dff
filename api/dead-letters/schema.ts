import { z } from 'zod'
import { executionStatus } from '../executions/schema.js'
import { id, json, listOf, page, time, version } from '../http/schema.js'

export const letterParams = z.strictObject({ deadLetterId: id })
const count = z.number().int()
const letterStatus = z.enum(['NEW', 'EDITED', 'REPLAYING', 'REPLAYED', 'DISCARDED'])

const conditions = {
  executionId: id.optional().describe('Of this execution.'),
  operatorId: z.string().min(1).max(128).optional().describe('That failed at this node.'),
  errorCode: z.string().min(1).max(64).optional(),
}
export const letterQuery = z.strictObject({ ...page, status: letterStatus.optional(), ...conditions })
export const letter = z
  .object({
    deadLetterId: z.string(),
    jobId: z.string(),
    jobVersion: count.describe('Of the graph that it failed in.'),
    executionId: z.string(),
    epoch: count,
    operatorId: z.string().describe('The node at which it failed.'),
    originalRecord: z.string(),
    editedRecord: z.string().nullable(),
    recordForm: z
      .object({
        kind: z.enum(['TEXT', 'JSON', 'CUT']).describe('CUT: only its beginning was kept.'),
        header: z.string().optional().describe('TEXT: the header that names its fields.'),
        of: z.string().describe('The node whose output the record is, or the source that could not read it.'),
        nodeId: z.string().describe('The node from which on a replay runs the job.'),
      })
      .nullable()
      .describe('How the text is read; null: it cannot be replayed.'),
    sourcePosition: json.nullable().describe('file, line, byte, record, table, key: as far as the source knows.'),
    errorCode: z.string(),
    errorMessage: z.string(),
    status: letterStatus,
    replayExecutionId: z.string().nullable(),
    replayedAt: time.nullable(),
    updatedBy: z.string().nullable(),
    version: count,
    createdAt: time,
  })
  .meta({ id: 'DeadLetter' })
export const letterList = listOf(letter)

export const letterChange = z
  .strictObject({
    version: version.optional(),
    record: z
      .string()
      .min(1)
      .max(1_000_000)
      .nullable()
      .optional()
      .describe('The corrected record, in the form of the original; null: as it was at first.'),
    status: z.enum(['DISCARDED', 'NEW']).optional().describe('DISCARDED: not to be replayed; NEW: after all.'),
  })
  .refine((change) => (change.record === undefined) !== (change.status === undefined), {
    error: 'say either `record` or `status`',
  })

export const replayBody = z
  .strictObject({
    ids: z.array(id).min(1).max(10_000).optional().describe('These; all of one job.'),
    jobId: id.optional().describe('All of this job that wait: NEW and EDITED, or as the filter says.'),
    filter: z.strictObject({ status: z.enum(['NEW', 'EDITED']).optional(), ...conditions }).optional(),
    version: z
      .enum(['SAME', 'NEWEST'])
      .default('SAME')
      .describe('Of the job: that in which each failed, or the newest.'),
  })
  .refine((body) => (body.ids === undefined) !== (body.jobId === undefined), { error: 'say either `ids` or `jobId`' })
  .refine((body) => body.filter === undefined || body.jobId !== undefined, {
    path: ['filter'],
    error: 'only with `jobId`',
  })
export const replays = z
  .object({
    replays: z
      .array(z.object({ executionId: z.string(), status: executionStatus, deadLetters: count }))
      .describe('An execution each for what has the same way to go.'),
    refused: z
      .array(z.object({ deadLetterIds: z.array(z.string()), reason: z.string(), hint: z.string().nullable() }))
      .describe('Left as they are.'),
    left: count.describe('How many more wait than one request takes: ask again.'),
  })
  .meta({ id: 'Replays' })
