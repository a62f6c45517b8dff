/** Jobs on the server, as commands need them. */
import { randomUUID } from 'node:crypto'
import { JobError } from '../core/errors/job-error.js'
import type { Client } from './client.js'

export interface JobSummary {
  readonly jobId: string
  readonly name: string
  readonly type: string
  readonly status: string
  readonly version: number
  readonly tags: readonly string[]
  readonly updatedAt: string
}

export interface JobDetails extends JobSummary {
  readonly spec: Readonly<Record<string, unknown>>
}

export interface Saved {
  readonly jobId: string
  readonly version: number
  readonly change: 'created' | 'updated' | 'unchanged'
}

/** By name, or by id. */
export async function findJob(client: Client, nameOrId: string): Promise<JobDetails> {
  const named = await findNamed(client, nameOrId)
  if (named !== null) return await client.get<JobDetails>(`/jobs/${named.jobId}`)
  try {
    return await client.get<JobDetails>(`/jobs/${encodeURIComponent(nameOrId)}`)
  } catch (error) {
    if (!(error instanceof JobError) || error.code !== 'not.found') throw error
    throw new JobError('not.found', `There is no job ${nameOrId}`, { hint: '`etl jobs` lists them.' })
  }
}

export async function findNamed(client: Client, name: string): Promise<JobSummary | null> {
  const { items } = await client.get<{ items: readonly JobSummary[] }>('/jobs', { name })
  return items[0] ?? null
}

/** Creates the job, or makes a new version if it differs. */
export async function saveJob(client: Client, spec: Readonly<Record<string, unknown>>): Promise<Saved> {
  const known = typeof spec.name === 'string' ? await findNamed(client, spec.name) : null
  if (known === null) {
    const created = await client.send<JobSummary>('POST', '/jobs', spec)
    return { jobId: created.jobId, version: created.version, change: 'created' }
  }
  const headers = { 'if-match': `"${known.version}"` }
  const { jobId, version } = await client.send<JobSummary>('PUT', `/jobs/${known.jobId}`, spec, headers)
  return { jobId, version, change: version === known.version ? 'unchanged' : 'updated' }
}

/** A lost answer may be asked for again without starting twice: the key is made once per command. */
export async function startJob(
  client: Client,
  jobId: string,
  parameters: Readonly<Record<string, string>>,
  priority?: number,
) {
  const headers = { 'idempotency-key': randomUUID() }
  return await client.send<{ executionId: string; status: string }>(
    'POST',
    `/jobs/${jobId}/executions`,
    { parameters, ...(priority === undefined ? {} : { priority }) },
    headers,
  )
}
