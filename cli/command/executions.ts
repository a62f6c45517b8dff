/** `etl executions`, `show`, `events`, `restart`, `fork`. */
import { randomUUID } from 'node:crypto'
import type { ExecutionReport } from '../../core/execution/report.js'
import type { Slowest } from '../../core/metrics/slowest.js'
import { type Client, connect } from '../client.js'
import type { Context } from '../command.js'
import { readParameters } from '../definitions.js'
import { findJob } from '../jobs.js'
import { colourOfStatus, table } from '../output.js'
import { count, describeReport, duration, exitCodeOf } from '../report.js'
import { watch } from '../watch.js'

interface ListOptions {
  readonly job?: string
  readonly status?: string
  readonly limit: string
}

export async function executions({ output, variables }: Context, options: ListOptions): Promise<void> {
  const client = connect(variables)
  const jobId = options.job === undefined ? undefined : (await findJob(client, options.job)).jobId
  const items = await client.all<ExecutionReport>(
    '/executions',
    { jobId, status: options.status },
    Number(options.limit),
  )
  const rows = items.map((one) => [
    one.executionId,
    one.jobName,
    colourOfStatus(one.status, output),
    count(one.records.read),
    count(one.records.written),
    duration(one.durationMs),
  ])
  output.result({ items }, () => table(['execution', 'job', 'status', 'read', 'written', 'time'], rows))
}

export async function show(
  { output, variables }: Context,
  executionId: string,
  options: { readonly watch?: boolean },
): Promise<number> {
  const client = connect(variables)
  if (options.watch === true) return await watch(client, executionId, output)
  const report = await client.get<ExecutionReport>(`/executions/${encodeURIComponent(executionId)}`)
  // The object of --json is the same wherever an execution is reported.
  const slowest = output.json ? null : await slowestOf(client, executionId)
  output.result(report, () =>
    [describeReport(report, output), ...(slowest === null ? [] : [`slowest: ${slowest.message}`])].join('\n'),
  )
  return 0
}

async function slowestOf(client: Client, executionId: string): Promise<Slowest | null> {
  const path = `/executions/${encodeURIComponent(executionId)}/operators`
  return (await client.get<{ readonly slowest: Slowest | null }>(path)).slowest
}

interface Event {
  readonly time: string
  readonly type: string
  readonly level: string
  readonly message: string
}

export async function events({ output, variables }: Context, executionId: string): Promise<void> {
  const items = await connect(variables).all<Event>(`/executions/${encodeURIComponent(executionId)}/events`)
  output.result({ items }, () =>
    table(
      ['time', 'event', 'message'],
      items.map((one) => [one.time, one.type, one.message]),
    ),
  )
}

interface RestartOptions {
  readonly watch?: boolean
  readonly allowNonRestoredState?: boolean
}

export async function restart(
  { output, variables }: Context,
  executionId: string,
  options: RestartOptions,
): Promise<number> {
  const client = connect(variables)
  const path = `/executions/${encodeURIComponent(executionId)}/restart`
  const body = { allowNonRestoredState: options.allowNonRestoredState === true }
  const headers = { 'idempotency-key': randomUUID() }
  const started = await client.send<{ executionId: string; status: ExecutionReport['status'] }>(
    'POST',
    path,
    body,
    headers,
  )
  if (options.watch === true) return await watch(client, started.executionId, output)
  output.result(
    started,
    () => `execution ${started.executionId} ${started.status}, from the latest checkpoint of ${executionId}`,
  )
  return exitCodeOf({ status: started.status } as ExecutionReport)
}

interface ForkOptions extends RestartOptions {
  readonly checkpoint: string
  readonly param?: readonly string[]
}

interface Forked {
  readonly executionId: string
  readonly status: ExecutionReport['status']
  readonly epoch: number
  readonly notice: string
}

export async function fork({ output, variables }: Context, options: ForkOptions): Promise<number> {
  const client = connect(variables)
  const path = `/checkpoints/${encodeURIComponent(options.checkpoint)}/fork`
  const body = {
    parameters: readParameters(options.param),
    allowNonRestoredState: options.allowNonRestoredState === true,
  }
  const started = await client.send<Forked>('POST', path, body, { 'idempotency-key': randomUUID() })
  output.note(started.notice)
  if (options.watch === true) return await watch(client, started.executionId, output)
  const { executionId, status, epoch } = started
  output.result(started, () => `execution ${executionId} ${status}, from epoch ${epoch}`)
  return 0
}
