/** What a run reports, under the same names everywhere (SURFACES section 3). */
import type { ReportedError } from '../errors/job-error.js'
import type { JobGraph } from '../graph/job-graph.js'
import type { Counters } from '../record/counters.js'
import type { RecordTotals } from './record-totals.js'
import type { ExecutionStatus } from './status.js'

export interface ExecutionReport {
  readonly executionId: string
  readonly jobId: string
  readonly jobName: string
  readonly jobVersion: number
  readonly status: ExecutionStatus
  readonly records: RecordTotals
  readonly epochs: number
  readonly restarts: number
  readonly durationMs: number
  readonly lastCheckpointId: string | null
  readonly operators: readonly OperatorReport[]
  readonly error: ReportedError | null
  /** Only while it waits. */
  readonly waitReason?: string
  /** Only of a FAILED one that is tried again: when. */
  readonly retryAt?: string
}

export interface OperatorReport {
  readonly id: string
  readonly recordsIn: number
  readonly recordsOut: number
  readonly processingMs: number
}

/** In the order of the graph. A source takes in what it read, a sink gives out what it committed. */
export function operatorReports(
  graph: JobGraph,
  counters: Readonly<Record<string, Counters>>,
): readonly OperatorReport[] {
  return graph.stream.nodes.flatMap((node) => {
    const counted = counters[node.id]
    if (counted === undefined) return []
    const recordsIn = node.nodeType === 'SOURCE' ? counted.out + counted.failed : counted.in
    const recordsOut = node.nodeType === 'SINK' ? counted.passed : counted.out
    return [{ id: node.id, recordsIn, recordsOut, processingMs: Math.round(counted.processingMs) }]
  })
}
