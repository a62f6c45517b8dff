/** A time of a schedule has come, and its workflow asks for its execution. */
import type { Client } from '@temporalio/client'
import type { Scheduled } from '../activities/deps.js'
import { reportError } from '../core/errors/job-error.js'
import { workflowIdOf } from '../core/execution/workflow-names.js'
import type { ExecutionStore } from '../models/stores/execution-store.js'
import type { ScheduleStore } from '../models/stores/schedule-store.js'

export interface Scheduling {
  readonly schedules: Pick<ScheduleStore, 'fire'>
  readonly executions: Pick<ExecutionStore, 'setCancelRequested'>
  readonly workflows: Pick<Client['workflow'], 'getHandle'>
  readonly log: { info(details: object, message: string): void; warn(details: object, message: string): void }
}

export function startScheduled({ schedules, executions, workflows, log }: Scheduling) {
  return async ({ scheduleId, logicalTime, workflow }: Scheduled): Promise<string | null> => {
    const fired = await schedules.fire({ scheduleId, logicalTime, workflow, now: new Date() })
    if (!fired.isStarted) {
      log.info({ scheduleId, logicalTime, reason: fired.reason }, 'a time of a schedule starts nothing')
      return null
    }
    for (const running of fired.toCancel) {
      const { workflowId } = await executions.setCancelRequested(running, null, 'a newer execution')
      // It is noted: whoever reconciles carries it out if this does not.
      await workflows
        .getHandle(workflowId ?? workflowIdOf(fired.jobId, running))
        .cancel()
        .catch((error: unknown) =>
          log.warn({ executionId: running, code: reportError(error).code }, 'a cancel is carried out later'),
        )
    }
    return fired.executionId
  }
}
