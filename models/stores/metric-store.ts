/** Samples of what runs, as rows beside those of checkpoints. */
import { allOf } from '../../core/all-of.js'
import type { ExecutionSample, OperatorSample, Sample } from '../../core/metrics/sample.js'
import type { Database } from '../database.js'
import { operatorColumns, rateColumns, totalColumns } from './journal/metrics.js'

export type MetricStore = ReturnType<typeof metricStore>

export function metricStore({ tables }: Database) {
  return {
    /** One INSERT a table. Asked again with the same sample: nothing more (by the key uk_sample). */
    async write(sample: Sample): Promise<void> {
      const jobs = sample.executions.map((one) => jobRow(sample, one))
      const operators = sample.executions.flatMap((one) => one.operators.map((own) => operatorRow(sample, one, own)))
      const once = { ignoreDuplicates: true }
      await allOf([tables.jobMetrics.bulkCreate(jobs, once), tables.operatorMetrics.bulkCreate(operators, once)])
    },
  }
}

function place({ workerId, at }: Sample, { jobId, executionId, epoch }: ExecutionSample) {
  return { jobId, executionId, metricTime: at, epoch, sampledBy: workerId }
}

function jobRow(sample: Sample, execution: ExecutionSample) {
  const { totals, bytes, done, bytesDone, coveredMs } = execution
  return {
    ...place(sample, execution),
    ...totalColumns(totals, bytes),
    ...rateColumns(done, bytesDone, coveredMs),
    backpressureCount: execution.backpressureCount,
    backpressureTimeMs: Math.round(execution.backpressureMs),
    stateSizeBytes: execution.stateSizeBytes,
    cpuUsagePercent: sample.cpuUsagePercent,
    memoryUsageBytes: sample.memoryUsageBytes,
  }
}

function operatorRow(sample: Sample, execution: ExecutionSample, operator: OperatorSample) {
  return {
    ...place(sample, execution),
    operatorId: operator.operatorId,
    operatorName: operator.operatorName,
    ...operatorColumns(operator.counters),
    subtaskCount: operator.subtasks,
    recordsBusiestSubtask: operator.busiest,
    idleTimeMs: Math.round(operator.idleMs),
    stateSizeBytes: operator.stateSizeBytes,
  }
}
