/** What a worker saw of an execution between two samples; times are milliseconds. */
import type { ByteTotals } from '../execution/byte-totals.js'
import type { RecordTotals } from '../execution/record-totals.js'
import type { Counters } from '../record/counters.js'

export interface ExecutionSample {
  readonly executionId: string
  readonly jobId: string
  /** The newest that is under way here. */
  readonly epoch: number
  /** Of the epochs before it, and of this one as far as this worker has come. */
  readonly totals: RecordTotals
  readonly bytes: ByteTotals
  /** Done here since the sample before. */
  readonly done: RecordTotals
  readonly bytesDone: ByteTotals
  readonly backpressureMs: number
  readonly backpressureCount: number
  /** How long it was watched: since the sample before, or since its first step. */
  readonly coveredMs: number
  readonly stateSizeBytes: number
  readonly operators: readonly OperatorSample[]
}

export interface OperatorSample {
  readonly operatorId: string
  readonly operatorName: string
  /** Since the sample before. */
  readonly counters: Counters
  readonly subtasks: number
  /** Records into the subtask that had most. */
  readonly busiest: number
  /** Neither processing nor waiting for what is behind it. */
  readonly idleMs: number
  readonly stateSizeBytes: number
}

/** Everything of a worker at one time. */
export interface Sample {
  readonly workerId: string
  /** By the wall clock; no two of a worker are alike. */
  readonly at: Date
  readonly cpuUsagePercent: number
  readonly memoryUsageBytes: number
  readonly executions: readonly ExecutionSample[]
}
