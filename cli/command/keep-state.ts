/** `etl apply --keep-state`: what runs of a job goes on with its new version, from a savepoint. Safe to repeat. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { JobError } from '../../core/errors/job-error.js'
import type { ExecutionReport } from '../../core/execution/report.js'
import { LIVE } from '../../core/execution/status.js'
import type { Client } from '../client.js'
import { findNamed } from '../jobs.js'
import type { Output } from '../output.js'
import { hasEnded } from '../report.js'

/** One execution that was taken over by another. */
export interface TakenOver {
  readonly name: string
  readonly from: string
  readonly to: string
  readonly version: number
}

export interface KeepStateOptions {
  readonly allowNonRestoredState: boolean
  readonly dryRun: boolean
}

/**
 * The new execution is accepted first and waits on the server until the old one has stopped: an interruption leaves
 * nothing half-way, and asked again the one that waits is the answer.
 */
export async function takeOver(
  client: Client,
  name: string,
  options: KeepStateOptions,
  output: Output,
): Promise<readonly TakenOver[]> {
  const job = await findNamed(client, name)
  if (job === null || job.type !== 'STREAMING') return []
  const taken: TakenOver[] = []
  for (const old of await outdated(client, job.jobId, job.version)) {
    const from = old.executionId
    if (options.dryRun) {
      output.note(`${name}: execution ${from} would be stopped with a savepoint and go on with the new version`)
      continue
    }
    output.note(`${name}: execution ${from} runs version ${old.jobVersion}; it is stopped with a savepoint`)
    const to = await restart(client, from, options)
    output.note(`${name}: execution ${to} goes on with version ${job.version} once it has stopped`)
    await untilRunning(client, from, to, output)
    taken.push({ name, from, to, version: job.version })
  }
  return taken
}

async function outdated(client: Client, jobId: string, version: number): Promise<readonly ExecutionReport[]> {
  const live = await Promise.all(LIVE.map((status) => client.all<ExecutionReport>('/executions', { jobId, status })))
  return live.flat().filter((one) => one.jobVersion < version)
}

async function restart(client: Client, from: string, { allowNonRestoredState }: KeepStateOptions): Promise<string> {
  const path = `/executions/${encodeURIComponent(from)}/restart`
  const headers = { 'idempotency-key': randomUUID() }
  const { executionId } = await client.send<{ executionId: string }>(
    'POST',
    path,
    { stop: true, allowNonRestoredState },
    headers,
  )
  return executionId
}

async function untilRunning(client: Client, from: string, to: string, output: Output): Promise<void> {
  let said = ''
  for (;;) {
    const [before, after] = await Promise.all(
      [from, to].map((id) => client.get<ExecutionReport>(`/executions/${encodeURIComponent(id)}`)),
    )
    const line = `${from} ${before?.status} · ${to} ${after?.status}`
    if (line !== said) output.progress(line)
    said = line
    if (after !== undefined && hasEnded(after) && after.status !== 'COMPLETED') throw notTakenOver(to, after)
    if (after !== undefined && !['CREATED', 'WAITING'].includes(after.status)) return
    await sleep(POLL_MS)
  }
}

const POLL_MS = 300

function notTakenOver(executionId: string, { status, error }: ExecutionReport): JobError {
  const message = `Execution ${executionId} was to go on, and is ${status}${error === null ? '.' : `: ${error.message}`}`
  return new JobError('conflict', message, {
    hint: `Mend the job, apply it, and go on with \`etl restart ${executionId}\`: the state is kept.`,
  })
}
