/** Metrics of an epoch: one row for the job, one for each operator. */
import type { Transaction } from 'sequelize'
import { allOf } from '../../../core/all-of.js'
import { type ByteTotals, bytesOf } from '../../../core/execution/byte-totals.js'
import type { CheckpointCommit } from '../../../core/execution/journal.js'
import { type RecordTotals, totalsOfEpoch } from '../../../core/execution/record-totals.js'
import { latencyMsOf } from '../../../core/metrics/latency.js'
import type { Counters, Share } from '../../../core/record/counters.js'
import type { Database } from '../../database.js'
import type { CommittedTotals, JobExecutionRow } from '../../tables/executions.js'
import type { JobVersion } from './job-versions.js'
import { processUsage } from './process-usage.js'

export interface EpochMetrics {
  readonly execution: JobExecutionRow
  readonly version: JobVersion
  readonly commit: CheckpointCommit
  readonly committed: CommittedTotals
}

export async function storeMetrics(db: Database, transaction: Transaction, epoch: EpochMetrics): Promise<void> {
  const { execution, version, commit, committed } = epoch
  const { jobId, executionId } = execution
  const metricTime = new Date()
  const place = { jobId, executionId, metricTime, epoch: commit.epoch }
  const counted = Object.values(commit.counters)
  const ofJob = db.tables.jobMetrics.create(
    {
      ...place,
      ...totalColumns(committed.totals, bytesOf(version.graph, committed.operators)),
      ...rateColumns(
        totalsOfEpoch(version.graph, commit.phase, commit.counters),
        bytesOf(version.graph, commit.counters),
        commit.durationMs,
      ),
      backpressureCount: sum(counted, 'backpressureCount'),
      backpressureTimeMs: Math.round(sum(counted, 'backpressureMs')),
      checkpointDurationMs: Math.round(commit.durationMs),
      latencyMs: latencyMsOf(version.graph, commit, metricTime.getTime()),
      stateSizeBytes: commit.stateSizeBytes,
      restartCount: execution.restartCount,
      ...processUsage(),
    },
    { transaction },
  )
  const names = new Map(version.graph.stream.nodes.map((node) => [node.id, node.name]))
  const rows = Object.entries(commit.counters).map(([operatorId, counters]) => {
    const share = shareColumns(commit.shares[operatorId])
    return {
      ...place,
      operatorId,
      operatorName: names.get(operatorId) ?? null,
      ...operatorColumns(counters),
      ...share,
      idleTimeMs: idleOf(counters, commit.durationMs * share.subtaskCount),
      stateSizeBytes: stateSizeOf(commit, operatorId),
    }
  })
  await allOf([ofJob, db.tables.operatorMetrics.bulkCreate(rows, { transaction })])
}

export function totalColumns(totals: RecordTotals, bytes: ByteTotals) {
  return {
    recordsReadTotal: totals.read,
    recordsSideReadTotal: totals.sideRead,
    recordsProcessedTotal: totals.processed,
    recordsWrittenTotal: totals.written,
    recordsFilteredTotal: totals.filtered,
    recordsFailedTotal: totals.failed,
    recordsLateTotal: totals.late,
    bytesReadTotal: bytes.read,
    bytesWrittenTotal: bytes.written,
  }
}

/** Records and bytes per second. */
export function rateColumns(totals: RecordTotals, bytes: ByteTotals, durationMs: number) {
  const rate = (amount: number) => (durationMs > 0 ? (amount * 1000) / durationMs : 0)
  return {
    recordsReadRate: rate(totals.read + totals.sideRead),
    recordsProcessedRate: rate(totals.processed),
    recordsWrittenRate: rate(totals.written),
    bytesReadRate: rate(bytes.read),
    bytesWrittenRate: rate(bytes.written),
  }
}

export function operatorColumns(counters: Counters) {
  return {
    recordsIn: counters.in,
    recordsOut: counters.out,
    recordsFiltered: counters.filtered,
    recordsFailed: counters.failed,
    recordsAbsorbed: counters.absorbed,
    recordsLate: counters.late,
    bytes: counters.bytes ?? 0,
    processingTimeMs: Math.round(counters.processingMs),
    backpressureTimeMs: Math.round(counters.backpressureMs),
    backpressureCount: counters.backpressureCount,
  }
}

/** A node of a build side is counted where its records are sent, and has no subtask of its own in that phase. */
function shareColumns({ subtasks, busiest }: Share = { subtasks: 1, busiest: 0 }) {
  return { subtaskCount: subtasks, recordsBusiestSubtask: busiest }
}

function sum(counted: readonly Counters[], field: keyof Counters): number {
  return counted.reduce((total, counters) => total + counters[field], 0)
}

/** Of the time that its subtasks had. */
function idleOf({ processingMs, backpressureMs }: Counters, hadMs: number): number {
  return Math.max(0, Math.round(hadMs - processingMs - backpressureMs))
}

function stateSizeOf({ states }: CheckpointCommit, operatorId: string): number {
  return states.filter(({ nodeId }) => nodeId === operatorId).reduce((bytes, { sizeBytes }) => bytes + sizeBytes, 0)
}
