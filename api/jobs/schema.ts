import { z } from 'zod'
import { id, json, listOf, page, problemSchema, time } from '../http/schema.js'

export const jobParams = z.strictObject({ jobId: id })
const type = z.enum(['BATCH', 'STREAMING'])
const jobStatus = z.enum(['CREATED', 'SCHEDULED', 'RUNNING', 'COMPLETED', 'FAILED', 'CANCELLED'])
export const jobQuery = z.strictObject({
  ...page,
  name: z.string().max(128).optional().describe('The whole name.'),
  nameContains: z.string().max(128).optional().describe('Part of the name.'),
  status: jobStatus.optional(),
  type: type.optional(),
})
export const jobSummary = z
  .object({
    jobId: z.string(),
    name: z.string(),
    description: z.string().nullable(),
    type,
    status: jobStatus,
    version: z.number().int(),
    tags: z.array(z.string()),
    latestExecutionId: z.string().nullable(),
    createdBy: z.string().nullable(),
    updatedBy: z.string().nullable(),
    createdAt: time,
    updatedAt: time,
  })
  .meta({ id: 'JobSummary' })
export const job = jobSummary
  .extend({ spec: json.describe('As it was written; secrets are shown as ***.') })
  .meta({ id: 'Job' })
export const savedJob = job.extend({ warnings: z.array(problemSchema) }).meta({ id: 'SavedJob' })
export const jobList = listOf(jobSummary)

/** The shape of a spec is checked by the compiler, which names every problem and its nearest known key. */
export const jobBody = json.describe('A job spec: GET /schemas/job. Beside it, `version` where a job is changed.')

export const jobVersion = z
  .object({
    jobId: z.string(),
    version: z.number().int(),
    spec: json,
    createdBy: z.string().nullable(),
    createdAt: time,
  })
  .meta({ id: 'JobVersion' })
export const versionList = listOf(jobVersion)
export const versionsQuery = z.strictObject(page)
export const graphQuery = z.strictObject({ version: z.coerce.number().int().min(1).optional() })
export const graph = z.object({ streamGraph: json, jobGraph: json }).meta({ id: 'JobGraphs' })
export const validated = z
  .object({ valid: z.literal(true), name: z.string(), warnings: z.array(problemSchema) })
  .meta({ id: 'ValidatedJob' })
export const explained = graph.extend({ warnings: z.array(problemSchema) }).meta({ id: 'ExplainedJob' })
