/** Keeping house as activities: each task is idempotent, may be broken off at any point, and says what it did. */
import { JobError, reportError } from '../../core/errors/job-error.js'
import {
  type MaintenanceTask,
  type MaintenanceWish,
  shortened,
  type TaskReport,
} from '../../core/maintenance/report.js'
import { withHouseConnection } from '../../models/stores/maintenance/house-connection.js'
import { housePolicy } from '../../models/stores/maintenance/policy.js'
import { ownOperation } from '../../models/stores/operation-log-store.js'
import type { Call } from '../deps.js'
import { backUpDaily } from './daily-backup.js'
import { sweepFiles } from './files.js'
import { optimizeTables } from './optimize.js'
import { keepPartitions } from './partitions.js'
import { reconcileAll } from './reconcile.js'
import { keepRetention } from './retention.js'
import { watchServers } from './watch.js'
import type { HouseDeps, HouseTask } from './work.js'

const HOUSE_TASKS: Readonly<Record<MaintenanceTask, HouseTask>> = {
  partitions: keepPartitions,
  retention: keepRetention,
  files: sweepFiles,
  optimize: optimizeTables,
  reconcile: reconcileAll,
  watch: watchServers,
  backup: backUpDaily,
}

const HEARD_EVERY_MS = 10_000

/** null: another one is at work, or this one was given up. */
export async function beginMaintenance(
  { runs }: HouseDeps,
  wish: MaintenanceWish,
  given: { readonly runId: string; readonly isAccepted: boolean },
): Promise<string | null> {
  if (given.isAccepted) return (await runs.heard(given.runId)) ? given.runId : null
  try {
    return await runs.begin({ ...wish, runId: given.runId, trigger: 'SCHEDULE', startedBy: null })
  } catch (error) {
    if (reportError(error).code === 'conflict') return null
    throw error
  }
}

export async function maintain(
  deps: HouseDeps,
  call: Pick<Call, 'signal'>,
  runId: string,
  task: MaintenanceTask,
  dryRun: boolean,
): Promise<TaskReport> {
  if (!(await deps.runs.heard(runId)))
    throw new JobError('fenced', `Run ${runId} of the maintenance was given up, or has ended.`)
  const heard = setInterval(() => void deps.runs.heard(runId).catch(() => undefined), HEARD_EVERY_MS)
  try {
    const report = await performTask(deps, call, task, dryRun)
    await deps.runs.report(runId, report)
    return report
  } finally {
    clearInterval(heard)
  }
}

/** The audit has a run once, however often its end is asked for. */
export async function endMaintenance({ runs, audit }: HouseDeps, runId: string): Promise<void> {
  const run = await runs.end(runId)
  if (run.dryRun) return
  const tasks = run.tasks.map(({ task, status, done }) => ({ task, status, done }))
  const failed = run.tasks.flatMap(({ task, error }) => (error === null ? [] : [`${task}: ${error}`]))
  const told = ownOperation({
    logId: `maintenance-${runId}`,
    username: 'maintenance',
    operationType: 'MAINTENANCE',
    resourceType: 'MAINTENANCE',
    resourceId: runId,
    requestParams: { trigger: run.trigger, tasks },
    succeeded: run.status === 'COMPLETED',
    errorMessage: failed.length === 0 ? null : failed.join('; '),
    durationMs: Date.parse(run.endedAt ?? run.startedAt) - Date.parse(run.startedAt),
    startedAt: new Date(run.startedAt),
  })
  await audit.append(told)
}

/** A task that fails is one line of the report: the others go on. Only a catalogue that is away is waited for (I7). */
export async function performTask(
  deps: HouseDeps,
  { signal }: Pick<Call, 'signal'>,
  task: MaintenanceTask,
  dryRun: boolean,
): Promise<TaskReport> {
  const beganMs = performance.now()
  const durationMs = () => Math.round(performance.now() - beganMs)
  try {
    const findings = await withHouseConnection(deps.mysqlUrl, async (house) => {
      const policy = await housePolicy(house)
      return await HOUSE_TASKS[task]({ ...deps, house, policy, dryRun, signal })
    })
    return { task, status: 'DONE', durationMs: durationMs(), error: null, ...shortened(findings) }
  } catch (error) {
    const { code, message } = reportError(error)
    if (code === 'mysql.away' || signal.aborted) throw error
    return { task, status: 'FAILED', durationMs: durationMs(), error: `${code}: ${message}`, done: [], warnings: [] }
  }
}
