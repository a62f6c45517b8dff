/** Executions that `overlap: CANCEL_RUNNING` asks to cancel: noted, and carried out. */
import type { Client } from '@temporalio/client'
import { reportError } from '../core/errors/job-error.js'
import { workflowIdOf } from '../core/execution/workflow-names.js'
import type { ExecutionStore } from '../models/stores/execution-store.js'

export interface Overtaking {
  readonly executions: Pick<ExecutionStore, 'cancelIfStill'>
  readonly workflows: Pick<Client['workflow'], 'getHandle'>
  readonly log: { warn(details: object, message: string): void }
}

export async function cancelOvertaken(
  { executions, workflows, log }: Overtaking,
  { jobId, toCancel }: { readonly jobId: string; readonly toCancel: readonly string[] },
): Promise<void> {
  for (const running of toCancel) {
    const asked = await executions.cancelIfStill(running, null, 'a newer execution')
    if (asked === null) continue
    // It is noted: whoever reconciles carries it out if this does not.
    await workflows
      .getHandle(asked.workflowId ?? workflowIdOf(jobId, running))
      .cancel()
      .catch((error: unknown) =>
        log.warn({ executionId: running, code: reportError(error).code }, 'a cancel is carried out later'),
      )
  }
}
