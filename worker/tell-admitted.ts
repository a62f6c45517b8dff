/** Waiting executions are told that they may start. */
import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import type { Admitted } from '../core/execution/journal.js'
import { ADMITTED, workflowIdOf } from '../core/execution/workflow-names.js'

interface Log {
  warn(details: object, message: string): void
}

/**
 * Never fails: it is the last act of another execution, whose end is stored by then. One that was not told asks again by
 * itself, and one whose workflow is gone is closed by the reconciler.
 */
export function tellAdmitted(workflows: Pick<Client['workflow'], 'getHandle'>, log: Log) {
  return async (admitted: readonly Admitted[]): Promise<void> => {
    for (const { jobId, executionId, workflowId } of admitted) {
      try {
        await workflows.getHandle(workflowId ?? workflowIdOf(jobId, executionId)).signal(ADMITTED)
      } catch (error) {
        const reason = error instanceof WorkflowNotFoundError ? 'its workflow is gone' : String(error)
        log.warn({ executionId, reason }, 'an execution could not be told that it is admitted')
      }
    }
  }
}
