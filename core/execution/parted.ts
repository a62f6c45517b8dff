/** Rows of executions and their workflows that a crash or an absence has parted: which are judged, and when (I7). */
import type { ExecutionStatus } from './status.js'
import { executionIdOf, workflowIdOf } from './workflow-names.js'

/** Neither rows nor workflows that moved within the last minute are judged. */
export const SETTLED_MS = 60_000

export interface UnfinishedRow {
  readonly executionId: string
  readonly jobId: string
  readonly status: ExecutionStatus
  readonly workflowId: string | null
  readonly updatedAt: string
}

export function workflowOf({ jobId, executionId, workflowId }: Omit<UnfinishedRow, 'status' | 'updatedAt'>): string {
  return workflowId ?? workflowIdOf(jobId, executionId)
}

/** A workflow writes the final status before it ends: a settled row that has none, and no workflow that runs, may be lost. */
export function withoutWorkflow<T extends UnfinishedRow>(
  unfinished: readonly T[],
  running: ReadonlySet<string>,
  nowMs: number,
): readonly T[] {
  return unfinished.filter((one) => Date.parse(one.updatedAt) < nowMs - SETTLED_MS && !running.has(workflowOf(one)))
}

type Known = 'RUNNING' | 'CLOSED' | 'GONE'

export function isLost(state: Known, one: UnfinishedRow): boolean {
  return state === 'CLOSED' || (state === 'GONE' && !isStillToBegin(one))
}

/** It waited, and Temporal knows nothing of it (any more, after a restore): it is started, and nothing is lost (I7). */
export function isToStartAnew(state: Known, one: UnfinishedRow): boolean {
  return state === 'GONE' && isStillToBegin(one) && one.workflowId !== null
}

function isStillToBegin({ status }: UnfinishedRow): boolean {
  return status === 'CREATED' || status === 'WAITING'
}

/** Those that a schedule names are left out: their row is made by their first step, which may still be waiting for MySQL. */
export function namedExecutions(
  workflowIds: readonly string[],
): readonly { readonly workflowId: string; readonly executionId: string }[] {
  return workflowIds.flatMap((workflowId) => {
    const executionId = executionIdOf(workflowId)
    return executionId === null ? [] : [{ workflowId, executionId }]
  })
}
