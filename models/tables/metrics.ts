/** Metrics over time. */
import { count, int, optional, type Row, real, rowId, text, time } from '../columns.js'

export const jobMetricsColumns = {
  id: rowId(),
  jobId: text(),
  executionId: text(),
  metricTime: time(),
  epoch: optional(count()),
  sampledBy: optional(text()),
  recordsReadTotal: count(),
  recordsSideReadTotal: count(),
  recordsProcessedTotal: count(),
  recordsWrittenTotal: count(),
  recordsFilteredTotal: count(),
  recordsFailedTotal: count(),
  recordsLateTotal: count(),
  bytesReadTotal: count(),
  bytesWrittenTotal: count(),
  recordsReadRate: real(),
  recordsProcessedRate: real(),
  recordsWrittenRate: real(),
  bytesReadRate: real(),
  bytesWrittenRate: real(),
  backpressureCount: count(),
  backpressureTimeMs: count(),
  checkpointDurationMs: optional(count()),
  latencyMs: optional(count()),
  stateSizeBytes: count(),
  restartCount: int(),
  cpuUsagePercent: optional(real()),
  memoryUsageBytes: optional(count()),
  createTime: time(),
}

export type JobMetricsRow = Row<typeof jobMetricsColumns>

export const operatorMetricsColumns = {
  id: rowId(),
  jobId: text(),
  executionId: text(),
  operatorId: text(),
  operatorName: optional(text()),
  metricTime: time(),
  epoch: optional(count()),
  sampledBy: optional(text()),
  recordsIn: count(),
  recordsOut: count(),
  recordsFiltered: count(),
  recordsFailed: count(),
  recordsAbsorbed: count(),
  recordsLate: count(),
  bytes: count(),
  subtaskCount: int(),
  recordsBusiestSubtask: count(),
  processingTimeMs: count(),
  backpressureTimeMs: count(),
  idleTimeMs: count(),
  backpressureCount: count(),
  stateSizeBytes: count(),
  createTime: time(),
}

export type OperatorMetricsRow = Row<typeof operatorMetricsColumns>
