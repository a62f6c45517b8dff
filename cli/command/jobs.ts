/** `etl jobs`, `etl delete`, `etl start`. */
import { JobError } from '../../core/errors/job-error.js'
import { connect } from '../client.js'
import type { Context } from '../command.js'
import { readParameters } from '../definitions.js'
import { findJob, type JobSummary, startJob } from '../jobs.js'
import { colourOfStatus, table } from '../output.js'
import { watch } from '../watch.js'

export async function jobs(
  { output, variables }: Context,
  options: { readonly status?: string; readonly limit: string },
): Promise<void> {
  const items = await connect(variables).all<JobSummary>('/jobs', { status: options.status }, Number(options.limit))
  const rows = items.map((job) => [
    job.name,
    job.type,
    colourOfStatus(job.status, output),
    job.version,
    job.updatedAt,
    job.jobId,
  ])
  output.result({ items }, () => table(['name', 'type', 'status', 'version', 'changed', 'id'], rows))
}

export async function remove({ output, variables }: Context, name: string): Promise<void> {
  const client = connect(variables)
  const job = await findJob(client, name)
  await client.send('DELETE', `/jobs/${job.jobId}`, undefined, { 'if-match': `"${job.version}"` })
  output.result({ jobId: job.jobId, name: job.name, deleted: true }, () => `${job.name} deleted`)
}

interface StartOptions {
  readonly watch?: boolean
  readonly priority?: string
  readonly param?: readonly string[]
}

export async function start({ output, variables }: Context, name: string, options: StartOptions): Promise<number> {
  const parameters = readParameters(options.param)
  const client = connect(variables)
  const { jobId } = await findJob(client, name)
  const started = await startJob(client, jobId, parameters, readPriority(options.priority))
  if (options.watch === true) return await watch(client, started.executionId, output)
  output.result({ jobId, ...started }, () => `execution ${started.executionId} ${started.status}`)
  return 0
}

function readPriority(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (/^-?\d{1,7}$/.test(text)) return Number(text)
  throw new JobError('usage.invalid', `The priority is a whole number, and '${text.slice(0, 60)}' is not.`)
}
