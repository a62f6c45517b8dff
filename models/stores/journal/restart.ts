/** A restart decision with its reason; the attempt is raised here and nowhere else. */
import type { Owner } from '../../../core/execution/effects.js'
import type { ExecutionEvent, StoredFailure } from '../../../core/execution/journal.js'
import { isTerminal } from '../../../core/execution/status.js'
import type { Evaluation } from '../../../core/restart/strategy.js'
import type { Database } from '../../database.js'
import { addEvents } from './events.js'
import { fenced, lockExecution, lockGeneration } from './ownership.js'

export async function storeRestart(
  db: Database,
  owner: Owner,
  failure: StoredFailure,
  evaluation: Evaluation,
): Promise<Owner> {
  const { executionId } = owner
  return await db.transaction(async (transaction) => {
    // Before admission there is no lineage to own.
    const execution =
      owner.generation === 0
        ? await lockExecution(db, transaction, executionId)
        : await lockGeneration(db, transaction, owner)
    // Asked again after it was stored: the same attempt.
    if (execution.attempt === owner.attempt + 1) return { ...owner, attempt: execution.attempt }
    if (execution.attempt !== owner.attempt || isTerminal(execution.executionStatus)) throw fenced(owner)

    const restarts = evaluation.decision === 'RESTART'
    const attempt = execution.attempt + (restarts ? 1 : 0)
    const wasRunning = execution.executionStatus === 'RUNNING'
    await db.tables.jobExecution.update(
      {
        attempt,
        restartMemory: evaluation.memory,
        restartCount: execution.restartCount + (restarts ? 1 : 0),
        errorCode: failure.error.code,
        errorMessage: failure.error.message,
        progress: null,
        ...(restarts && wasRunning ? { executionStatus: 'RESTARTING' as const } : {}),
      },
      { where: { executionId }, transaction },
    )
    if (failure.epoch !== null)
      await db.execute(
        `UPDATE etl_checkpoint SET failure_count = failure_count + 1, error_message = :message
         WHERE lineage_id = :lineageId AND epoch = :epoch AND checkpoint_status <> 'COMPLETED'`,
        { message: failure.error.message, lineageId: execution.lineageId, epoch: failure.epoch },
        transaction,
      )
    await addEvents(db, { ...execution, epoch: failure.epoch }, eventsOf(failure, evaluation, attempt), transaction)
    return { ...owner, attempt }
  })
}

function eventsOf(failure: StoredFailure, evaluation: Evaluation, attempt: number): readonly ExecutionEvent[] {
  const { error } = failure
  const decided: ExecutionEvent = {
    type: 'RESTART_DECIDED',
    level: evaluation.decision === 'RESTART' ? 'WARNING' : 'ERROR',
    code: error.code,
    message: `${error.message} ${evaluation.reason}`,
    details: {
      decision: evaluation.decision,
      delayMs: evaluation.delayMs,
      reason: evaluation.reason,
      attempt,
      vertexId: failure.vertexId,
      nodeId: error.nodeId,
    },
  }
  if (failure.epoch === null) return [decided]
  const failedCheckpoint: ExecutionEvent = {
    type: 'CHECKPOINT_FAILED',
    level: 'WARNING',
    code: error.code,
    message: `Epoch ${failure.epoch} failed: ${error.message}`,
  }
  return [failedCheckpoint, decided]
}
