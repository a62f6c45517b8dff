/** What the engine is asked to do: one subtask of one vertex for one epoch. */
import type { ChainResult, ExchangeHandle, StateHandle } from '../core/execution/chain-task.js'
import { type Fence, fenceName } from '../core/execution/fence.js'
import type { SourceProgress } from '../core/execution/journal.js'
import type { Plan } from '../core/execution/plan.js'
import type { JobGraph, Phase } from '../core/graph/job-graph.js'
import type { Counters } from '../core/record/counters.js'
import type { RecordsBefore } from './bad-records/rejects.js'
import type { ForExecution } from './open-node.js'

export interface ChainRun extends ForExecution {
  readonly fence: Fence
  readonly graph: JobGraph
  readonly lineageId: string
  readonly vertexId: string
  readonly subtask: number
  readonly phase: Phase
  readonly plan: Plan
  /** All of the execution after the epoch before. */
  readonly states: readonly StateHandle[]
  readonly positions: Readonly<Record<string, SourceProgress>>
  /** Results of the stages before, in this epoch. */
  readonly upstream: readonly ChainResult[]
  /** Totals of the execution before this epoch, for the tolerances; absent: this epoch is judged alone. */
  readonly before?: RecordsBefore
}

export interface ChainControl {
  readonly signal: AbortSignal
  /** Called at most twice a second, also while nothing changes: it is the sign of life. */
  progress(counters: Readonly<Record<string, Counters>>): void
}

/** Immutable files, named by who wrote them (I5). `kind`: state, exchange, rejects. */
export function storeKey(run: ChainRun, kind: string, name: string): string {
  const { lineageId, vertexId, subtask, fence } = run
  const parts = [`lineage/${segment(lineageId)}/${kind}`, segment(vertexId), String(subtask), fenceName(fence)]
  return [...parts, segment(name)].join('/')
}

/** Exchanges of the stages before that are meant for this subtask, by edge, in the order of their senders. */
export function arrivals(run: ChainRun, edgeId: string): ExchangeHandle[] {
  return run.upstream
    .flatMap((result) => result.exchanges)
    .filter((handle) => handle.edgeId === edgeId && handle.toSubtask === run.subtask)
    .sort((a, b) => a.fromSubtask - b.fromSubtask)
}

/** A name of a person's choice as one part of a key. */
export function segment(name: string): string {
  return encodeURIComponent(name).replace(/^\./, '%2E')
}
