/** What follows from an execution that was accepted: it is started, and what it displaces is cancelled. */
import { isTerminal } from '../../core/execution/status.js'
import type { CreatedExecution, ExecutionDetails } from '../../models/stores/execution-store.js'
import type { ApiDeps } from '../deps.js'
import { type Call, type Caller, callerOf } from '../http/route.js'

export async function accepted(created: CreatedExecution, trigger: string, call: Call, deps: ApiDeps) {
  const { executionId, jobId, status, isNew, toCancel } = created
  if (isNew) deps.starter.start({ executionId, jobId, trigger })
  for (const running of toCancel) await cancelIfStill(jobId, running, callerOf(call), deps)
  return {
    body: { executionId, status },
    resourceId: executionId,
    headers: { Location: `/api/v1/executions/${executionId}` },
  }
}

export async function cancelRunning(
  jobId: string,
  executionId: string,
  { userId, username }: Caller,
  deps: ApiDeps,
): Promise<ExecutionDetails['status']> {
  const { status, workflowId } = await deps.executions.setCancelRequested(executionId, userId, username)
  if (!isTerminal(status)) await deps.starter.cancel(jobId, executionId, workflowId)
  return status
}

/** null: it has ended by itself in the meantime, or is not `status` any more. */
export async function cancelIfStill(
  jobId: string,
  executionId: string,
  { userId, username }: Caller,
  deps: ApiDeps,
  wanted?: ExecutionDetails['status'],
): Promise<ExecutionDetails['status'] | null> {
  const answer = await deps.executions.cancelIfStill(executionId, userId, username, wanted)
  if (answer === null) return null
  if (!isTerminal(answer.status)) await deps.starter.cancel(jobId, executionId, answer.workflowId)
  return answer.status
}
