/** Executions as reports show them (SURFACES section 3). */
import { Op, type WhereOptions } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import { type ExecutionReport, operatorReports } from '../../../core/execution/report.js'
import type { ExecutionStatus } from '../../../core/execution/status.js'
import { sumCounters } from '../../../core/record/counters.js'
import type { Database } from '../../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../../page.js'
import type { JobExecutionRow, TriggerType } from '../../tables/executions.js'
import { findExecution } from '../journal/ownership.js'
import { reachedLimits, reasonToWait } from '../journal/queue.js'
import { sumOfSteps } from '../journal/sum-of-steps.js'
import { systemLimit } from '../journal/system-limit.js'

/** SURFACES section 3, without the operators, and when and why it ran. */
export interface ExecutionSummary extends Omit<ExecutionReport, 'operators' | 'waitReason' | 'retryAt'> {
  readonly lineageId: string
  readonly triggerType: TriggerType
  readonly logicalTime: string
  readonly priority: number
  readonly attempt: number
  readonly waitReason: string | null
  /** Of a FAILED one that is tried again: when; null: it is not. */
  readonly retryAt: string | null
  readonly cancelRequested: boolean
  readonly createdBy: string | null
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
}

/** SURFACES section 3's object and more about the one execution. */
export interface ExecutionDetails extends ExecutionSummary, Pick<ExecutionReport, 'operators'> {
  readonly parameters: Readonly<Record<string, string>>
  readonly restoredFrom: { readonly executionId: string; readonly checkpointId: string | null } | null
  readonly workflowId: string | null
  readonly runId: string | null
}

export interface ExecutionFilter extends PageRequest {
  readonly jobId?: string | undefined
  readonly status?: ExecutionStatus | undefined
  /** Accepted at or after, and before. */
  readonly from?: Date | undefined
  readonly to?: Date | undefined
}

export async function getExecution(db: Database, executionId: string): Promise<ExecutionDetails> {
  const row = await findExecution(db, executionId)
  const version = await db.tables.jobVersion.findOne({ where: { jobId: row.jobId, jobVersion: row.jobVersion } })
  if (version === null) throw new JobError('not.found', `There is no version ${row.jobVersion} of job ${row.jobId}.`)
  const counters = sumCounters(row.metrics?.operators ?? {}, sumOfSteps(row.progress))
  const { restoredExecutionId, restoredCheckpointId } = row
  return {
    ...executionSummary(row),
    ...(row.executionStatus === 'WAITING' ? { waitReason: await reasonNow(db, row) } : {}),
    operators: operatorReports(version.get().jobGraph, counters),
    parameters: row.parameters,
    restoredFrom:
      restoredExecutionId === null ? null : { executionId: restoredExecutionId, checkpointId: restoredCheckpointId },
    workflowId: row.workflowId,
    runId: row.runId,
  }
}

export async function listExecutions(db: Database, filter: ExecutionFilter): Promise<Page<ExecutionSummary>> {
  const { where, order, limit } = pageQuery(filter)
  const rows = await db.tables.jobExecution.findAll({
    attributes: { exclude: ['metrics', 'progress', 'parameters', 'restartMemory'] },
    where: { [Op.and]: [where, ...conditions(filter)] },
    order,
    limit,
  })
  const found = rows.map((row) => row.get())
  // The row says what it waited for when it asked last: another limit may be reached since.
  const waiting = found.filter((row) => row.executionStatus === 'WAITING' && row.replay === null)
  const jobIds = [...new Set(waiting.map(({ jobId }) => jobId))]
  const limits = jobIds.length === 0 ? null : await reachedLimits(db, jobIds, await systemLimit(db))
  return pageOf(found, filter, (row) => {
    const summary = executionSummary(row)
    return waiting.includes(row) ? { ...summary, waitReason: limits?.get(row.jobId) ?? summary.waitReason } : summary
  })
}

/** The row says what it waited for when it asked last; others have ended since, or gone before it. */
async function reasonNow(db: Database, row: JobExecutionRow): Promise<string | null> {
  const job = await db.tables.job.findOne({ where: { jobId: row.jobId }, attributes: ['maxConcurrentRuns'] })
  const room = { ofJob: job?.get().maxConcurrentRuns ?? 1, ofSystem: await systemLimit(db) }
  return (await reasonToWait(db, row, room)) ?? 'There is room: it starts within a moment.'
}

function conditions({ jobId, status, from, to }: ExecutionFilter): WhereOptions[] {
  const wanted: WhereOptions[] = []
  if (jobId !== undefined) wanted.push({ jobId })
  if (status !== undefined) wanted.push({ executionStatus: status })
  if (from !== undefined) wanted.push({ createTime: { [Op.gte]: from } })
  if (to !== undefined) wanted.push({ createTime: { [Op.lt]: to } })
  return wanted
}

function executionSummary(row: JobExecutionRow): ExecutionSummary {
  return {
    executionId: row.executionId,
    jobId: row.jobId,
    jobName: row.jobName,
    jobVersion: row.jobVersion,
    status: row.executionStatus,
    records: {
      read: row.recordsRead,
      sideRead: row.recordsSideRead,
      processed: row.recordsProcessed,
      written: row.recordsWritten,
      filtered: row.recordsFiltered,
      failed: row.recordsFailed,
      late: row.recordsLate,
    },
    epochs: row.epochs,
    restarts: row.restartCount,
    durationMs: row.durationMs ?? (row.startTime === null ? 0 : Math.max(Date.now() - row.startTime.getTime(), 0)),
    lastCheckpointId: row.lastCheckpointId,
    error: row.error,
    lineageId: row.lineageId,
    triggerType: row.triggerType,
    logicalTime: row.logicalTime.toISOString(),
    priority: row.priority,
    attempt: row.attempt,
    waitReason: row.waitReason,
    retryAt: row.retryDueTime?.toISOString() ?? null,
    cancelRequested: row.cancelRequested,
    createdBy: row.createdBy,
    createdAt: row.createTime.toISOString(),
    startedAt: row.startTime?.toISOString() ?? null,
    endedAt: row.endTime?.toISOString() ?? null,
  }
}
