/** What a reconciler compares with Temporal: rows without workflow, rows that have not ended, workflows without row. */
import { Op, type WhereOptions } from 'sequelize'
import { JobError, reportError } from '../../../core/errors/job-error.js'
import type { Admitted } from '../../../core/execution/journal.js'
import { type ExecutionStatus, isTerminal, UNFINISHED } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import type { TriggerType } from '../../tables/executions.js'
import { admitWaiting } from '../journal/admit-waiting.js'
import { closeExecution } from '../journal/ending.js'
import { findExecution, lockExecution, lockJob, lockLineage } from '../journal/ownership.js'
import { lockSystem } from '../journal/system-limit.js'

export interface UnfinishedExecution {
  readonly executionId: string
  readonly jobId: string
  readonly triggerType: TriggerType
  readonly status: ExecutionStatus
  readonly hasBegun: boolean
  readonly workflowId: string | null
  readonly runId: string | null
  readonly cancelRequested: boolean
  readonly createdAt: string
  /** Progress counts: one that runs is seldom older than seconds. */
  readonly updatedAt: string
}

export async function acceptedBefore(db: Database, before: Date): Promise<readonly UnfinishedExecution[]> {
  return await find(db, {
    executionStatus: 'CREATED',
    workflowId: null,
    cancelRequested: false,
    createTime: { [Op.lt]: before },
  })
}

export async function unfinishedExecutions(db: Database): Promise<readonly UnfinishedExecution[]> {
  return await find(db, { executionStatus: { [Op.in]: [...UNFINISHED] } })
}

/** Of these, those that some workflow may still work for: not ended, or so short ago that it may be at its last step. */
export async function workedFor(db: Database, executionIds: readonly string[], since: Date): Promise<Set<string>> {
  const rows = await db.tables.jobExecution.findAll({
    attributes: ['executionId'],
    where: {
      executionId: { [Op.in]: [...executionIds] },
      [Op.or]: [{ executionStatus: { [Op.in]: [...UNFINISHED] } }, { endTime: { [Op.gte]: since } }],
    },
  })
  return new Set(rows.map((row) => row.get().executionId))
}

/** Nothing works for it any more. False: it has ended by itself in the meantime. */
export async function closeLost(db: Database, executionId: string): Promise<boolean> {
  const { jobId, lineageId } = await findExecution(db, executionId)
  return await db.transaction(async (transaction) => {
    await lockJob(db, transaction, jobId)
    await lockLineage(db, transaction, lineageId)
    const execution = await lockExecution(db, transaction, executionId)
    if (isTerminal(execution.executionStatus)) return false
    if (execution.cancelRequested)
      await closeExecution(db, transaction, execution, { status: 'CANCELLED', error: null })
    else await closeExecution(db, transaction, execution, { status: 'FAILED', error: reportError(lost()) })
    return true
  })
}

/** Under a limit of the system it is one queue; else each job has its own. */
export async function admitWaitingOf(db: Database, jobIds: readonly string[]): Promise<readonly Admitted[]> {
  const underLimit = await db.transaction(async (transaction) => {
    const ofSystem = await lockSystem(db, transaction)
    return ofSystem === null ? null : await admitWaiting(db, transaction, { ofSystem })
  })
  if (underLimit !== null) return underLimit
  const admitted: Admitted[] = []
  for (const jobId of jobIds) {
    const ofJob = await db.transaction(async (transaction) => {
      await lockJob(db, transaction, jobId)
      return await admitWaiting(db, transaction, { jobId })
    })
    admitted.push(...ofJob)
  }
  return admitted
}

/** As when it was accepted: whoever reconciles starts it. */
export async function startAnew(db: Database, executionId: string): Promise<void> {
  await db.tables.jobExecution.update(
    { executionStatus: 'CREATED', workflowId: null, runId: null, waitReason: null },
    { where: { executionId, executionStatus: { [Op.in]: ['CREATED', 'WAITING'] }, startTime: null } },
  )
}

function lost(): JobError {
  return new JobError('workflow.lost', 'The workflow of this execution ended or went away without telling.', {
    hint: 'It was terminated, or Temporal lost its data. Restart the execution: it goes on from its latest checkpoint.',
  })
}

async function find(db: Database, where: WhereOptions): Promise<readonly UnfinishedExecution[]> {
  const rows = await db.tables.jobExecution.findAll({ where, order: [['id', 'ASC']] })
  return rows.map((row) => {
    const {
      executionId,
      jobId,
      triggerType,
      executionStatus,
      workflowId,
      runId,
      cancelRequested,
      createTime,
      startTime,
      updateTime,
    } = row.get()
    return {
      executionId,
      jobId,
      triggerType,
      status: executionStatus,
      hasBegun: startTime !== null,
      workflowId,
      runId,
      cancelRequested,
      createdAt: createTime.toISOString(),
      updatedAt: updateTime.toISOString(),
    }
  })
}
