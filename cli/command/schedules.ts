/** `etl schedules list`, `show`, `pause`, `resume`, `trigger`, `backfill`, `next JOB`: a schedule goes by the name of its job. */
import { randomUUID } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import type { Client } from '../client.js'
import { connect } from '../client.js'
import type { Context } from '../command.js'
import { findJob } from '../jobs.js'
import { fields, table } from '../output.js'
import { exitCodeOf } from '../report.js'
import { follow } from '../watch.js'

interface Schedule {
  readonly scheduleId: string
  readonly jobId: string
  readonly jobName: string
  readonly type: string
  readonly isEnabled: boolean
  readonly cron: string | null
  readonly description: string | null
  readonly timezone: string
  readonly catchUp: string
  readonly catchUpMax: number | null
  readonly startAt: string | null
  readonly endAt: string | null
  readonly dependsOn: readonly { readonly jobId: string; readonly jobName: string | null }[]
  readonly event: { readonly type: string; readonly where: string | null } | null
  readonly overlap: string
  readonly nextFireTime: string | null
  readonly lastFireTime: string | null
  readonly fireCount: number
  readonly lastExecutionId: string | null
  readonly troubles: readonly { readonly what: string; readonly message: string; readonly since: string }[]
  readonly lastDecision: { readonly logicalTime: string; readonly message: string } | null
}

export async function list({ output, variables }: Context, options: { readonly type?: string }): Promise<void> {
  const items = await connect(variables).all<Schedule>('/schedules', { type: options.type?.toUpperCase() }, 500)
  output.result({ items }, () =>
    table(
      ['job', 'type', 'when', 'next', 'last', 'fired'],
      items.map((one) => [
        one.jobName,
        typeOf(one),
        whenOf(one),
        one.nextFireTime,
        one.lastFireTime,
        String(one.fireCount),
      ]),
    ),
  )
}

export async function show({ output, variables }: Context, job: string): Promise<void> {
  const schedule = await ofJob(connect(variables), job)
  output.result(schedule, () => describe(schedule))
}

export async function pause({ output, variables }: Context, job: string): Promise<void> {
  const client = connect(variables)
  const { scheduleId } = await ofJob(client, job)
  const schedule = await client.send<Schedule>('POST', `/schedules/${scheduleId}/pause`, {})
  output.result(schedule, () => `${schedule.jobName}: paused`)
}

export async function resume({ output, variables }: Context, job: string): Promise<void> {
  const client = connect(variables)
  const { scheduleId } = await ofJob(client, job)
  const schedule = await client.send<Schedule>('POST', `/schedules/${scheduleId}/resume`, {})
  output.result(schedule, () => `${schedule.jobName}: next at ${schedule.nextFireTime ?? 'no time of a calendar'}`)
}

export async function trigger(
  { output, variables }: Context,
  job: string,
  options: { readonly watch?: boolean },
): Promise<number> {
  const client = connect(variables)
  const { scheduleId } = await ofJob(client, job)
  const headers = { 'idempotency-key': randomUUID() }
  const started = await client.send<{ executionId: string; status: string }>(
    'POST',
    `/schedules/${scheduleId}/trigger`,
    {},
    headers,
  )
  if (options.watch !== true) {
    if (started.status === 'FAILED') {
      const { error } = await client.get<{ error: { code: string; message: string } | null }>(
        `/executions/${started.executionId}`,
      )
      if (error !== null) output.note(`${error.code}: ${error.message}`)
    }
    output.result(started, () => `execution ${started.executionId} ${started.status}`)
    return 0
  }
  const report = await follow(client, started.executionId, output, new AbortController().signal)
  if (report !== null) output.result(report, () => `execution ${report.executionId} ${report.status}`)
  return report === null ? 0 : exitCodeOf(report)
}

interface BackfillOptions {
  readonly from: string
  readonly to: string
  readonly concurrency: string
  readonly reprocess: string
  readonly dryRun?: boolean
}

interface Backfill {
  readonly backfillId: string
  readonly status: string
  readonly total: number
  readonly executions: Readonly<Record<string, number>>
}

interface Backfilled {
  readonly backfill: Backfill | null
  readonly times: readonly { readonly logicalTime: string; readonly status: string | null; readonly runs: boolean }[]
}

export async function backfill({ output, variables }: Context, job: string, options: BackfillOptions): Promise<void> {
  const client = connect(variables)
  const { scheduleId } = await ofJob(client, job)
  const body = {
    from: options.from,
    to: options.to,
    maxConcurrentRuns: Number(options.concurrency),
    reprocess: options.reprocess.toUpperCase(),
    dryRun: options.dryRun === true,
  }
  const headers = { 'idempotency-key': randomUUID() }
  const answer = await client.send<Backfilled>('POST', `/schedules/${scheduleId}/backfill`, body, headers)
  output.result(answer, () =>
    answer.backfill === null
      ? table(
          ['time', 'now', 'runs'],
          answer.times.map((one) => [one.logicalTime, one.status, one.runs ? 'yes' : 'no']),
        )
      : `backfill ${answer.backfill.backfillId}: ${answer.backfill.total} times`,
  )
}

export async function backfills({ output, variables }: Context, job: string): Promise<void> {
  const client = connect(variables)
  const { scheduleId } = await ofJob(client, job)
  const items = await client.all<Backfill>(`/schedules/${scheduleId}/backfills`, {}, 100)
  output.result({ items }, () =>
    table(
      ['backfill', 'status', 'times', 'executions'],
      items.map((one) => [one.backfillId, one.status, String(one.total), countsOf(one)]),
    ),
  )
}

export async function cancelBackfill({ output, variables }: Context, backfillId: string): Promise<void> {
  const path = `/backfills/${encodeURIComponent(backfillId)}/cancel`
  const answer = await connect(variables).send<{ cancelled: readonly string[] }>('POST', path, {})
  output.result(answer, () => `cancelled; executions that were asked to end: ${answer.cancelled.length}`)
}

export async function pauseBackfill({ output, variables }: Context, backfillId: string): Promise<void> {
  const answer = await hold(variables, backfillId, 'pause')
  output.result(answer, () => `paused; executions so far: ${countsOf(answer)}`)
}

export async function resumeBackfill({ output, variables }: Context, backfillId: string): Promise<void> {
  const answer = await hold(variables, backfillId, 'resume')
  output.result(answer, () => `goes on; executions so far: ${countsOf(answer)}`)
}

async function hold(variables: Context['variables'], backfillId: string, verb: 'pause' | 'resume'): Promise<Backfill> {
  return await connect(variables).send<Backfill>('POST', `/backfills/${encodeURIComponent(backfillId)}/${verb}`, {})
}

export async function next(
  { output, variables }: Context,
  job: string,
  { count, from }: { readonly count: string; readonly from?: string },
): Promise<void> {
  const client = connect(variables)
  const { scheduleId } = await ofJob(client, job)
  const query = { count, ...(from === undefined ? {} : { from }) }
  const answer = await client.get<{ next: readonly string[] }>(`/schedules/${scheduleId}/next`, query)
  output.result(answer, () => (answer.next.length === 0 ? 'never' : answer.next.join('\n')))
}

async function ofJob(client: Client, nameOrId: string): Promise<Schedule> {
  const { jobId, name } = await findJob(client, nameOrId)
  const [schedule] = await client.all<Schedule>('/schedules', { jobId }, 1)
  if (schedule !== undefined) return schedule
  throw new JobError('not.found', `Job ${name} has no schedule`, { hint: 'Write one in its file, and `etl apply` it.' })
}

function typeOf({ type, isEnabled, troubles }: Schedule): string {
  const remarks = [...(isEnabled ? [] : ['paused']), ...(troubles.length === 0 ? [] : ['fails'])]
  return remarks.length === 0 ? type : `${type} (${remarks.join(', ')})`
}

function whenOf({ type, description, timezone, dependsOn, event }: Schedule): string {
  if (description !== null) return timezone === 'UTC' ? description : `${description} (${timezone})`
  if (type === 'DEPENDENCY') return `after ${dependsOn.map(({ jobName, jobId }) => jobName ?? jobId).join(', ')}`
  return event === null ? 'once, when saved' : `event ${event.type}`
}

function describe(schedule: Schedule): string {
  const { lastDecision, catchUpMax, catchUp } = schedule
  return fields([
    ['job', schedule.jobName],
    ['schedule', schedule.scheduleId],
    ['type', typeOf(schedule)],
    ['when', whenOf(schedule)],
    ['cron', schedule.cron],
    ['from', schedule.startAt],
    ['until', schedule.endAt],
    ['catch-up', schedule.cron === null ? null : `${catchUp}${catchUpMax === null ? '' : `(${catchUpMax})`}`],
    ['overlap', schedule.overlap],
    ['next', schedule.nextFireTime],
    ['last', schedule.lastFireTime],
    ['fired', String(schedule.fireCount)],
    ['execution', schedule.lastExecutionId],
    ['left out', lastDecision === null ? null : `${lastDecision.logicalTime}: ${lastDecision.message}`],
    ...schedule.troubles.map(({ what, message, since }) => ['fails', `${what} since ${since}: ${message}`] as const),
  ])
}

function countsOf({ executions }: Backfill): string {
  const counts = Object.entries(executions).map(([status, count]) => `${count} ${status}`)
  return counts.length === 0 ? 'none yet' : counts.join(', ')
}
