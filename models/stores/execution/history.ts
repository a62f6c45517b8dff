/** Timeline, operators and metrics of an execution. */
import { Op } from 'sequelize'
import { noRecords } from '../../../core/record/counters.js'
import type { Database } from '../../database.js'
import type { ExecutionEventRow } from '../../tables/executions.js'
import type { JobMetricsRow, OperatorMetricsRow } from '../../tables/metrics.js'
import type { EventRecord, JobMetricRecord, OperatorMetricRecord, OperatorRecord } from '../execution-store.js'
import { findExecution } from '../journal/ownership.js'
import { sumOfSteps } from '../journal/sum-of-steps.js'

export async function listEvents(
  db: Database,
  executionId: string,
  { limit, after = '0' }: { readonly limit: number; readonly after?: string | undefined },
): Promise<readonly EventRecord[]> {
  await findExecution(db, executionId)
  const rows = await db.tables.executionEvent.findAll({
    where: { executionId, id: { [Op.gt]: after } },
    order: [['id', 'ASC']],
    limit,
  })
  return rows.map((row) => eventRecord(row.get()))
}

export async function operatorCounters(db: Database, executionId: string): Promise<readonly OperatorRecord[]> {
  const { jobId, jobVersion, metrics, progress } = await findExecution(db, executionId)
  const version = await db.tables.jobVersion.findOne({ where: { jobId, jobVersion } })
  const nodes = version?.get().jobGraph.stream.nodes ?? []
  const running = sumOfSteps(progress)
  return nodes.map(({ id, name, nodeType, kind, parallelism }) => ({
    id,
    name,
    nodeType,
    kind,
    parallelism,
    counters: metrics?.operators[id] ?? noRecords,
    running: running[id] ?? null,
  }))
}

/** The newest `limit` of each kind, oldest first. */
export async function executionMetrics(
  db: Database,
  executionId: string,
  range: { readonly from?: Date | undefined; readonly to?: Date | undefined; readonly limit: number },
): Promise<{ readonly job: readonly JobMetricRecord[]; readonly operators: readonly OperatorMetricRecord[] }> {
  await findExecution(db, executionId)
  const metricTime = { [Op.gte]: range.from ?? new Date(0), [Op.lt]: range.to ?? new Date(Date.now() + 60_000) }
  const query = {
    where: { executionId, metricTime },
    order: [
      ['metricTime', 'DESC'],
      ['id', 'DESC'],
    ] as [string, string][],
    limit: range.limit,
  }
  const job = await db.tables.jobMetrics.findAll(query)
  const operators = await db.tables.operatorMetrics.findAll(query)
  return {
    job: job.reverse().map((row) => jobMetricRecord(row.get())),
    operators: operators.reverse().map((row) => operatorMetricRecord(row.get())),
  }
}

function eventRecord(row: ExecutionEventRow): EventRecord {
  return {
    sequence: row.id,
    eventId: row.eventId,
    type: row.eventType,
    level: row.eventLevel,
    message: row.message,
    ...(row.code === null ? {} : { code: row.code }),
    ...(row.details === null ? {} : { details: row.details }),
    time: row.eventTime.toISOString(),
    epoch: row.epoch,
    attempt: row.attempt,
  }
}

function jobMetricRecord(row: JobMetricsRow): JobMetricRecord {
  return {
    time: row.metricTime.toISOString(),
    epoch: row.epoch,
    records: {
      read: row.recordsReadTotal,
      sideRead: row.recordsSideReadTotal,
      processed: row.recordsProcessedTotal,
      written: row.recordsWrittenTotal,
      filtered: row.recordsFilteredTotal,
      failed: row.recordsFailedTotal,
      late: row.recordsLateTotal,
    },
    rates: { read: row.recordsReadRate, processed: row.recordsProcessedRate, written: row.recordsWrittenRate },
    backpressureCount: row.backpressureCount,
    backpressureTimeMs: row.backpressureTimeMs,
    checkpointDurationMs: row.checkpointDurationMs,
    stateSizeBytes: row.stateSizeBytes,
    restarts: row.restartCount,
    cpuUsagePercent: row.cpuUsagePercent,
    memoryUsageBytes: row.memoryUsageBytes,
  }
}

function operatorMetricRecord(row: OperatorMetricsRow): OperatorMetricRecord {
  return {
    time: row.metricTime.toISOString(),
    epoch: row.epoch,
    operatorId: row.operatorId,
    recordsIn: row.recordsIn,
    recordsOut: row.recordsOut,
    subtasks: row.subtaskCount,
    skew: skewOf(row),
    processingMs: row.processingTimeMs,
    backpressureTimeMs: row.backpressureTimeMs,
  }
}

function skewOf({ recordsIn, subtaskCount, recordsBusiestSubtask }: OperatorMetricsRow): number | null {
  if (recordsIn === 0) return null
  return Math.round((recordsBusiestSubtask * subtaskCount * 100) / recordsIn) / 100
}
