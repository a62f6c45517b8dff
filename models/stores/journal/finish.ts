/** The end of an execution, its mirror, and who is admitted after it. */
import type { Transaction } from 'sequelize'
import { allOf } from '../../../core/all-of.js'
import type { ReportedError } from '../../../core/errors/job-error.js'
import { JobError } from '../../../core/errors/job-error.js'
import type { Outcome, Owner } from '../../../core/execution/effects.js'
import type { ExecutionEvent, Finished } from '../../../core/execution/journal.js'
import { noTotals } from '../../../core/execution/record-totals.js'
import { type ExecutionStatus, isTerminal, mayBecome, type TerminalStatus } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow } from '../../tables/executions.js'
import { admitWaiting } from './admit-waiting.js'
import { addEvents, asAsked } from './events.js'
import { mirrorStatus } from './mirror.js'
import { fenced, lockExecution, lockGeneration, lockJob, lockLineage, originOf } from './ownership.js'
import { recordColumns } from './record-columns.js'
import { giveUpOld } from './retain.js'
import { settleReplay } from './settle-replay.js'
import { lockSystem } from './system-limit.js'

export async function finish(db: Database, owner: Owner, outcome: Outcome, retained: number): Promise<Finished> {
  const { jobId, lineageId } = await originOf(db, owner.executionId)
  return await db.transaction(async (transaction) => {
    const ofSystem = await lockSystem(db, transaction)
    const [, lineage, execution] = await allOf([
      lockJob(db, transaction, jobId),
      lockLineage(db, transaction, lineageId),
      lockExecution(db, transaction, owner.executionId),
    ])
    const isLatest = lineage.ownerExecutionId === owner.executionId
    const stored = execution.executionStatus
    const hasEnded = isTerminal(stored)
    if (!hasEnded) {
      // Before admission there is no lineage to own.
      const owns = isLatest && lineage.generation === owner.generation
      if (execution.generation !== owner.generation || (owner.generation > 0 && !owns)) throw fenced(owner)
    }
    const standing = isTerminal(stored) ? stored : outcome.status
    const givesUp = standing === 'COMPLETED' && isLatest
    const [, needed] = await allOf([
      hasEnded ? nothing : closeExecution(db, transaction, execution, outcome),
      givesUp ? giveUpOld(db, transaction, lineageId, retained, true) : nothing,
    ])
    const admitted = await admitWaiting(db, transaction, ofSystem === null ? { jobId } : { ofSystem })
    return { status: standing, admitted, needed }
  })
}

const nothing = Promise.resolve(null)

export async function setStatus(db: Database, owner: Owner, status: ExecutionStatus, by: string | null): Promise<void> {
  const { executionId } = owner
  const { jobId } = await originOf(db, executionId)
  await db.transaction(async (transaction) => {
    await lockJob(db, transaction, jobId)
    const execution = await lockGeneration(db, transaction, owner)
    if (execution.executionStatus === status) return
    if (!mayBecome(execution.executionStatus, status))
      throw new JobError('conflict', `An execution that is ${execution.executionStatus} cannot become ${status}.`)
    await db.tables.jobExecution.update({ executionStatus: status }, { where: { executionId }, transaction })
    await mirrorStatus(db, transaction, execution, status)
    await addEvents(db, execution, pauseEvents(execution.executionStatus, status, by), transaction)
  })
}

function pauseEvents(from: ExecutionStatus, to: ExecutionStatus, by: string | null): readonly ExecutionEvent[] {
  const told = { level: 'INFO', details: { by } } as const
  if (to === 'PAUSED') return [{ ...told, type: 'PAUSED', message: `The execution is paused${asAsked(by)}.` }]
  return from === 'PAUSED' ? [{ ...told, type: 'RESUMED', message: `The execution goes on${asAsked(by)}.` }] : []
}

/** The job row must be locked. */
export async function closeExecution(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  outcome: Outcome,
): Promise<void> {
  const { executionId, lineageId, jobId } = execution
  const { status, error, isStopped = false, isDrained = false } = outcome
  const endTime = new Date()
  if (status !== 'COMPLETED' && execution.generation > 0)
    await db.tables.checkpoint.update(
      { checkpointStatus: 'FAILED', errorMessage: error?.message ?? null },
      { where: { lineageId, checkpointStatus: 'IN_PROGRESS' }, transaction },
    )
  const ended = db.tables.jobExecution.update(
    {
      ...recordColumns(execution.metrics?.totals ?? noTotals),
      executionStatus: status,
      waitReason: null,
      endTime,
      durationMs: endTime.getTime() - (execution.startTime ?? endTime).getTime(),
      progress: null,
      error,
      errorCode: error?.code ?? null,
      errorMessage: error?.message ?? null,
    },
    { where: { executionId }, transaction },
  )
  // The fact that starts dependants, in the same transaction; asked again, it is there.
  const fact =
    isStopped || execution.replay !== null
      ? nothing
      : db.execute(
          `INSERT IGNORE INTO etl_trigger_event
       (event_id, event_type, source_job_id, source_execution_id, source_status, logical_time, event_time)
     VALUES (:executionId, 'JOB_FINISHED', :jobId, :executionId, :status, :logicalTime, :endTime)`,
          { executionId, jobId, status, logicalTime: execution.logicalTime, endTime },
          transaction,
        )
  const drained = isDrained
    ? db.tables.lineage.update({ isDrained: true }, { where: { lineageId }, transaction })
    : nothing
  await allOf([
    ended,
    drained,
    mirrorStatus(db, transaction, execution, status),
    addEvents(db, execution, [isStopped ? stopEvent(outcome) : endEvent(status, error)], transaction),
    fact,
    settleReplay(db, transaction, execution, status),
  ])
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
