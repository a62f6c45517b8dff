import type { Counters } from '../record/counters.js'
import type { Fence } from './fence.js'
import type { KeptBy } from './kept-by.js'
import type { Position } from './plan.js'
import type { Seen } from './watermarks.js'

/** One subtask of one vertex for one epoch. Crosses Temporal: ids and references only (I6). */
export interface ChainTask {
  readonly executionId: string
  readonly fence: Omit<Fence, 'activityAttempt'>
  readonly vertexId: string
  readonly subtask: number
  readonly phase: number
  /** References of the results of the vertices upstream, in this epoch: their exchanges are the input. */
  readonly upstream: readonly string[]
}

/** What the activity answers; the whole result lies in the store under `reference`. */
export interface ChainReceipt {
  readonly vertexId: string
  readonly subtask: number
  readonly reference: string
  readonly recordsIn: number
  readonly recordsOut: number
}

/** The whole result of a chain task, kept as a file in the store. */
export interface ChainResult {
  readonly vertexId: string
  readonly subtask: number
  readonly epoch: number
  readonly counters: Readonly<Record<string, Counters>>
  /** Position reached by each source of the chain, and whether that is its end. */
  readonly reached: Readonly<Record<string, { readonly position: Position; readonly end: boolean }>>
  /** What this chain, and those of the stages before, have seen of event time. */
  readonly seen?: Seen
  /** The whole state of each stateful node after this epoch. */
  readonly states: readonly StateHandle[]
  /** Partitions for other vertices, one entry per stream edge and target subtask; to a blocking port they become its state. */
  readonly exchanges: readonly ExchangeHandle[]
  /** References to files of rejected records (JSON lines of Rejected). */
  readonly rejects: readonly string[]
  readonly durationMs: number
  /** `LOAD DATA`, `INSERT`, `PARQUET`: how each sink wrote, for people. */
  readonly wrote: Readonly<Record<string, string>>
}

export type StateType = 'VALUE' | 'LIST' | 'MAP'

export interface StateHandle {
  readonly nodeId: string
  readonly subtask: number
  readonly name: string
  readonly type: StateType
  /** Key in the store of an immutable Parquet file (I5). */
  readonly path: string
  readonly sizeBytes: number
  readonly records: number
  /** Absent: an older version wrote it, and nothing is known. */
  readonly by?: KeptBy
}

export interface ExchangeHandle {
  readonly edgeId: string
  readonly fromSubtask: number
  readonly toSubtask: number
  readonly path: string
  readonly sizeBytes: number
  readonly records: number
}
