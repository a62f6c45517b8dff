/** An execution ends: its row, its timeline, and the fact or the retry that follows from it. */
import type { Transaction } from 'sequelize'
import { allOf } from '../../../core/all-of.js'
import type { ReportedError } from '../../../core/errors/job-error.js'
import type { Outcome } from '../../../core/execution/effects.js'
import type { ExecutionEvent } from '../../../core/execution/journal.js'
import { noTotals } from '../../../core/execution/record-totals.js'
import { retryDelayMs } from '../../../core/execution/retry.js'
import type { TerminalStatus } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow } from '../../tables/executions.js'
import { addEvents, asAsked } from './events.js'
import { mirrorStatus } from './mirror.js'
import { recordColumns } from './record-columns.js'
import { settleReplay } from './settle-replay.js'

/** The job row must be locked. */
export async function closeExecution(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  outcome: Outcome,
): Promise<void> {
  const { executionId, lineageId } = execution
  const { status, error, isStopped = false, isDrained = false } = outcome
  const endTime = new Date()
  if (status !== 'COMPLETED' && execution.generation > 0)
    await db.tables.checkpoint.update(
      { checkpointStatus: 'FAILED', errorMessage: error?.message ?? null },
      { where: { lineageId, checkpointStatus: 'IN_PROGRESS' }, transaction },
    )
  const retryMs = isStopped || execution.replay !== null ? null : await retryMsOf(db, transaction, execution, outcome)
  const ended = db.tables.jobExecution.update(
    {
      ...recordColumns(execution.metrics?.totals ?? noTotals),
      executionStatus: status,
      waitReason: null,
      endTime,
      // Of one that is tried again the deadline goes on.
      slaDueTime: retryMs === null || isLate(execution, endTime) ? null : execution.slaDueTime,
      retryDueTime: retryMs === null ? null : new Date(endTime.getTime() + retryMs),
      durationMs: endTime.getTime() - (execution.startTime ?? endTime).getTime(),
      progress: null,
      error,
      errorCode: error?.code ?? null,
      errorMessage: error?.message ?? null,
    },
    { where: { executionId }, transaction },
  )
  // One that is tried again has not come to its end yet: what depends on it waits for the last of them.
  const tells = !isStopped && execution.replay === null && retryMs === null
  const drained = isDrained
    ? db.tables.lineage.update({ isDrained: true }, { where: { lineageId }, transaction })
    : nothing
  await allOf([
    ended,
    drained,
    mirrorStatus(db, transaction, execution, status),
    addEvents(db, execution, eventsAtEnd(execution, outcome, endTime, retryMs), transaction),
    tells ? tellEnd(db, transaction, execution, status, endTime) : nothing,
    settleReplay(db, transaction, execution, status),
  ])
}

const nothing = Promise.resolve(null)

/** The fact that starts dependants, in the same transaction as the final status; asked again, it is there. */
export async function tellEnd(
  db: Database,
  transaction: Transaction,
  { executionId, jobId, logicalTime, isScheduledTime }: JobExecutionRow,
  status: TerminalStatus,
  endTime: Date,
): Promise<void> {
  await db.execute(
    `INSERT IGNORE INTO etl_trigger_event
       (event_id, event_type, source_job_id, source_execution_id, source_status, logical_time, is_scheduled_time, event_time)
     VALUES (:executionId, 'JOB_FINISHED', :jobId, :executionId, :status, :logicalTime, :isScheduledTime, :endTime)`,
    { executionId, jobId, status, logicalTime, isScheduledTime, endTime },
    transaction,
  )
}

async function retryMsOf(
  db: Database,
  transaction: Transaction,
  { jobId, retryNumber }: JobExecutionRow,
  { status, error }: Outcome,
): Promise<number | null> {
  if (status !== 'FAILED') return null
  const job = await db.tables.job.findOne({ where: { jobId }, transaction })
  return retryDelayMs(job?.get().settings.retry ?? null, { errorCode: error?.code ?? null, retryNumber })
}

function eventsAtEnd(
  execution: JobExecutionRow,
  outcome: Outcome,
  endTime: Date,
  retryMs: number | null,
): readonly ExecutionEvent[] {
  const { slaDueTime, retryNumber } = execution
  return [
    outcome.isStopped === true ? stopEvent(outcome) : endEvent(outcome.status, outcome.error),
    ...(slaDueTime !== null && isLate(execution, endTime) ? [slaMissed(execution, slaDueTime)] : []),
    ...(retryMs === null ? [] : [retryEvent(retryNumber + 1, retryMs)]),
  ]
}

function isLate({ slaDueTime }: JobExecutionRow, endTime: Date): boolean {
  return slaDueTime !== null && slaDueTime < endTime
}

function retryEvent(retryNumber: number, delayMs: number): ExecutionEvent {
  const message = `It is tried again as a whole in ${Math.round(delayMs / 1000)} s (retry ${retryNumber}), from its latest checkpoint.`
  return { type: 'RETRY_PLANNED', level: 'WARNING', message, details: { retryNumber, delayMs } }
}

export function slaMissed(execution: JobExecutionRow, slaDueTime: Date): ExecutionEvent {
  const waits = execution.executionStatus === 'WAITING' || execution.executionStatus === 'CREATED'
  const message = `It should have ended by ${slaDueTime.toISOString()}${waits ? ', and waits still' : ''} (\`sla\`).`
  return { type: 'SLA_MISSED', level: 'WARNING', message, details: { slaDueTime: slaDueTime.toISOString() } }
}

function stopEvent({ isDrained = false, by = null }: Outcome): ExecutionEvent {
  const how = isDrained ? 'Its sources were ended and everything open has fired; it' : 'It'
  return {
    type: 'COMPLETED',
    level: 'INFO',
    message: `${how} was stopped with a savepoint${asAsked(by)}; jobs that depend on it are not started.`,
    details: { isStopped: true, isDrained, by },
  }
}

function endEvent(status: TerminalStatus, error: ReportedError | null) {
  const level =
    status === 'COMPLETED' ? ('INFO' as const) : status === 'FAILED' ? ('ERROR' as const) : ('WARNING' as const)
  return {
    type: status,
    level,
    message: error?.message ?? `The execution is ${status}.`,
    ...(error === null ? {} : { code: error.code, details: { nodeId: error.nodeId, hint: error.hint } }),
  }
}
