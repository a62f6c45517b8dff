/** Keeping house: task after task, each an activity with its own report. */
import { proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { HouseActivities } from '../activities/contract.js'
import { QUEUES } from '../core/execution/workflow-names.js'
import { MAINTENANCE_TASKS, type MaintenanceTask, type TaskReport } from '../core/maintenance/report.js'

export interface MaintenanceInput {
  /** Of a run that is accepted already; absent: the schedule began it. */
  readonly runId?: string
  readonly only?: readonly MaintenanceTask[] | null
  readonly dryRun?: boolean
}

/** A task that fails is told in its report and keeps none of the others. */
export async function maintenance(input: MaintenanceInput = {}): Promise<{ status: string }> {
  const { dryRun = false, only = null } = input
  const given = { runId: input.runId ?? workflowInfo().runId, isAccepted: input.runId !== undefined }
  const runId = await step('begin', '1m').beginMaintenance({ only, dryRun }, given)
  if (runId === null) return { status: 'SKIPPED' }
  const reports: TaskReport[] = []
  for (const task of MAINTENANCE_TASKS.filter((one) => only === null || only.includes(one)))
    reports.push(await step(task, '6h').maintain(runId, task, dryRun))
  await step('end', '1m').endMaintenance(runId)
  return { status: reports.every(({ status }) => status === 'DONE') ? 'COMPLETED' : 'FAILED' }
}

/** A catalogue that is away is waited for; a lost worker's task begins anew on another. */
const step = (summary: string, within: '1m' | '6h') =>
  proxyActivities<HouseActivities>({
    taskQueue: QUEUES.control,
    startToCloseTimeout: within,
    heartbeatTimeout: '30s',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
    summary,
  })
