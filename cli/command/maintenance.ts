/** `etl maintenance run` and `runs` (ADMIN): keeps the house at once, and shows what was done. */
import { setTimeout as sleep } from 'node:timers/promises'
import { JobError } from '../../core/errors/job-error.js'
import { MAINTENANCE_TASKS, type TaskReport } from '../../core/maintenance/report.js'
import { nearestHint } from '../../core/spec/nearest.js'
import { connect } from '../client.js'
import type { Context } from '../command.js'
import { type Output, table } from '../output.js'

interface Run {
  readonly only: readonly string[] | null
  readonly runId: string
  readonly status: 'RUNNING' | 'COMPLETED' | 'FAILED'
  readonly trigger: string
  readonly dryRun: boolean
  readonly tasks: readonly TaskReport[]
  readonly startedAt: string
  readonly endedAt: string | null
}

interface Options {
  readonly only?: string
  readonly dryRun?: boolean
}

const ASKED_EVERY_MS = 300
const SAID_AFTER_MS = 20_000

/** Exit code 1 where a task failed. */
export async function runMaintenance({ output, variables }: Context, options: Options): Promise<number> {
  const client = connect(variables)
  const only = options.only === undefined ? undefined : readTasks(options.only)
  const { runId } = await client.send<Run>('POST', '/maintenance/run', { only, dryRun: options.dryRun === true })
  const beganMs = Date.now()
  let shown = 0
  let isSaid = false
  for (;;) {
    const run = await client.get<Run>(`/maintenance/runs/${runId}`)
    for (const { task } of run.tasks.slice(shown)) output.progress(`${task} done`)
    shown = run.tasks.length
    if (run.status !== 'RUNNING') return showRun(run, output)
    if (Date.now() - beganMs > SAID_AFTER_MS && !isSaid) {
      isSaid = true
      const { items } = await client.get<{ items: readonly { readonly status: string }[] }>('/workers')
      output.note(
        waitingFor(
          run,
          items.some(({ status }) => status === 'ALIVE'),
        ),
      )
    }
    await sleep(ASKED_EVERY_MS)
  }
}

/** Said once, of a run that takes its time. */
export function waitingFor({ only, tasks }: Pick<Run, 'only' | 'tasks'>, isWorkerAlive: boolean): string {
  if (!isWorkerAlive) return 'No worker is known to run: start one (`etl worker`), and it goes on.'
  const next = MAINTENANCE_TASKS.find(
    (task) => (only?.includes(task) ?? true) && !tasks.some((one) => one.task === task),
  )
  return next === undefined
    ? 'All tasks are done; it is being closed.'
    : `${next} is at work, or waits for a worker to be free.`
}

export async function maintenanceRuns({ output, variables }: Context, options: { readonly limit: string }) {
  const items = await connect(variables).all<Run>('/maintenance/runs', {}, Number(options.limit))
  const rows = items.map((run) => [
    run.runId,
    run.startedAt,
    run.status,
    run.trigger,
    run.dryRun ? 'yes' : 'no',
    run.tasks.reduce((sum, { warnings }) => sum + warnings.length, 0),
  ])
  output.result({ items }, () => table(['run', 'started', 'status', 'trigger', 'dry run', 'warnings'], rows))
}

export async function showMaintenanceRun({ output, variables }: Context, runId: string): Promise<void> {
  showRun(await connect(variables).get<Run>(`/maintenance/runs/${encodeURIComponent(runId)}`), output)
}

function showRun(run: Run, output: Output): number {
  output.result(run, () => [tableOf(run), ...troubles(run)].join('\n'))
  return run.status === 'FAILED' ? 1 : 0
}

function tableOf({ tasks }: Run): string {
  const rows = tasks.flatMap(({ task, status, durationMs, done }) => {
    const took = `${(durationMs / 1000).toFixed(1)} s`
    if (done.length === 0) return [[task, status === 'FAILED' ? 'failed' : 'nothing to do', '', took]]
    return done.map(({ what, count }, index) => [index === 0 ? task : '', what, count, index === 0 ? took : ''])
  })
  return table(['task', 'what', 'count', 'took'], rows)
}

function troubles({ tasks }: Run): readonly string[] {
  return tasks.flatMap(({ task, error, warnings }) => [
    ...(error === null ? [] : [`${task} failed: ${error}`]),
    ...warnings.map((warning) => `warning: ${warning}`),
  ])
}

function readTasks(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  const unknown = names.find((name) => !(MAINTENANCE_TASKS as readonly string[]).includes(name))
  if (unknown === undefined) return names
  throw new JobError('usage.invalid', `--only names ${unknown}, which is no task`, {
    hint: nearestHint(unknown, MAINTENANCE_TASKS) ?? `Tasks: ${MAINTENANCE_TASKS.join(', ')}.`,
  })
}
