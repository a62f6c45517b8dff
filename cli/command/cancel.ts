/** `etl cancel`: one execution, or all of them. */
import { randomUUID } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import { type Client, connect } from '../client.js'
import type { Context } from '../command.js'
import { findJob } from '../jobs.js'
import { colourOfStatus, table } from '../output.js'
import { watch } from '../watch.js'

interface CancelOptions {
  readonly watch?: boolean
  readonly all?: boolean
  readonly job?: string
  readonly status?: string
  readonly dryRun?: boolean
}

export async function cancel(context: Context, executionId: string | undefined, options: CancelOptions) {
  const client = connect(context.variables)
  if (options.all === true) {
    if (executionId !== undefined) throw usage('Either an execution or --all.')
    return await cancelAll(context, client, options)
  }
  if (executionId === undefined) throw usage('Which execution?')
  for (const only of ['job', 'status', 'dryRun'] as const)
    if (options[only] !== undefined) throw usage('--job, --status and --dry-run go with --all.')
  return await cancelOne(context, client, executionId, options.watch === true)
}

async function cancelOne({ output }: Context, client: Client, executionId: string, isWatched: boolean) {
  const path = `/executions/${encodeURIComponent(executionId)}/cancel`
  const answer = await client.send<{ executionId: string; status: string }>('POST', path)
  if (isWatched) {
    await watch(client, executionId, output)
    return 0
  }
  output.result(answer, () => `cancel asked for; execution ${answer.executionId} is ${answer.status}`)
  return 0
}

interface Cancelled {
  readonly items: readonly { readonly executionId: string; readonly jobName: string; readonly status: string }[]
  readonly dryRun: boolean
}

async function cancelAll({ output }: Context, client: Client, { job, status, dryRun = false }: CancelOptions) {
  const jobId = job === undefined ? undefined : (await findJob(client, job)).jobId
  const headers = { 'idempotency-key': randomUUID() }
  const answer = await client.send<Cancelled>('POST', '/executions/cancel', { jobId, status, dryRun }, headers)
  const rows = answer.items.map((one) => [one.executionId, one.jobName, colourOfStatus(one.status, output)])
  output.note(dryRun ? `${rows.length} would be cancelled` : `cancel asked for: ${rows.length}`)
  output.result(answer, () => table(['execution', 'job', 'status'], rows))
  return 0
}

function usage(message: string): JobError {
  return new JobError('usage.invalid', `${message}`, { hint: '`etl cancel EXECUTION`, or `etl cancel --all`.' })
}
