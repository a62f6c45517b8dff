/** A person asks to cancel. */
import type { Transaction } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import { type ExecutionStatus, isTerminal } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow } from '../../tables/executions.js'
import { closeExecution, tellEnd } from '../journal/ending.js'
import { addEvents, asAsked } from '../journal/events.js'
import { findExecution, lockExecution, lockJob } from '../journal/ownership.js'

export interface CancelAnswer {
  readonly status: ExecutionStatus
  /** null: no workflow has been started; it is cancelled already. */
  readonly workflowId: string | null
}

export async function requestCancel(
  db: Database,
  executionId: string,
  by: string | null,
  asked: string | null,
): Promise<CancelAnswer> {
  const answer = await cancelWhere(db, executionId, by, asked, () => true)
  if (answer !== null) return answer
  const { executionStatus } = await findExecution(db, executionId)
  throw new JobError('conflict', `The execution has ended already: it is ${executionStatus}.`, {
    hint: 'There is nothing left to cancel.',
  })
}

/** null: it has ended by itself, or is not `status` any more. */
export async function cancelIfStill(
  db: Database,
  executionId: string,
  by: string | null,
  asked: string | null,
  status?: ExecutionStatus,
): Promise<CancelAnswer | null> {
  return await cancelWhere(db, executionId, by, asked, (now) => status === undefined || now === status)
}

/** What it is is judged where nobody can change it meanwhile. */
async function cancelWhere(
  db: Database,
  executionId: string,
  by: string | null,
  asked: string | null,
  fits: (status: ExecutionStatus) => boolean,
): Promise<CancelAnswer | null> {
  const { jobId } = await findExecution(db, executionId)
  return await db.transaction(async (transaction) => {
    await lockJob(db, transaction, jobId)
    const execution = await lockExecution(db, transaction, executionId)
    return fits(execution.executionStatus) ? await cancelWithin(db, transaction, execution, by, asked) : null
  })
}

/** The job must be locked. null: it has ended by itself. */
export async function cancelWithin(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  by: string | null,
  asked: string | null,
): Promise<CancelAnswer | null> {
  const { executionId, executionStatus: status, workflowId } = execution
  if (status === 'CANCELLED' || (execution.cancelRequested && !isTerminal(status))) return { status, workflowId }
  if (execution.retryDueTime !== null) return await dropRetry(db, transaction, execution, by, asked)
  if (isTerminal(status)) return null
  await db.tables.jobExecution.update(
    { cancelRequested: true, cancelRequestedBy: by, cancelRequestedTime: new Date() },
    { where: { executionId }, transaction },
  )
  const message = asked === null ? 'Asked to cancel.' : `${asked} asked to cancel.`
  await addEvents(db, execution, [{ type: 'CANCEL_REQUESTED', level: 'INFO', message }], transaction)
  if (workflowId !== null || execution.generation > 0) return { status, workflowId }
  // Should its workflow start after all, admission turns it away.
  await closeExecution(db, transaction, execution, { status: 'CANCELLED', error: null })
  return { status: 'CANCELLED', workflowId: null }
}

/** It has failed, and stays so: what depends on it is told now. */
async function dropRetry(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  by: string | null,
  asked: string | null,
): Promise<CancelAnswer> {
  const { executionId, endTime, workflowId } = execution
  const change = { retryDueTime: null, slaDueTime: null, cancelRequestedBy: by, cancelRequestedTime: new Date() }
  await db.tables.jobExecution.update(change, { where: { executionId }, transaction })
  const message = `It is not tried again${asAsked(asked)}.`
  await addEvents(db, execution, [{ type: 'RETRY_DROPPED', level: 'INFO', message }], transaction)
  await tellEnd(db, transaction, execution, 'FAILED', endTime ?? new Date())
  return { status: 'FAILED', workflowId }
}
