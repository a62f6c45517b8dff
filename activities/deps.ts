import type { Admitted, Journal, WorkflowReference } from '../core/execution/journal.js'
import { defaultLimits, type Limits } from '../core/execution/limits.js'
import type { Board } from '../core/metrics/board.js'
import type { EngineParts } from '../engine/engine.js'
import type { runChain } from '../engine/run-chain.js'

/** What activities are made of; handed in by the composition roots (worker, `etl run`). */
export interface ActivityDeps {
  readonly journal: Journal
  readonly parts: EngineParts
  /** Absent: the engine's. */
  readonly runChain?: typeof runChain
  readonly heartbeatTimeoutMs: number
  /** System settings; absent: as a new catalogue has them. */
  readonly limits?: () => Promise<Limits>
  readonly warn?: (details: object, message: string) => void
  /** Where steps show what they do. Absent: nobody looks. */
  readonly board?: Board
  readonly now: () => number
  /** Between -1 and 1: the jitter of a restart delay. */
  readonly jitter: () => number
  /** Tells waiting executions that they may start. */
  readonly signalAdmitted: (admitted: readonly Admitted[]) => Promise<void>
  /** Makes the execution of a time of a schedule, once; null: it starts none. Absent: there are no schedules. */
  readonly startScheduled?: (scheduled: Scheduled) => Promise<string | null>
  /** Starts what depends on an execution that has ended; never fails. Absent: nothing does. */
  readonly startDependants?: (executionId: string) => Promise<void>
}

export interface Scheduled {
  readonly scheduleId: string
  readonly logicalTime: Date
  readonly workflow: WorkflowReference
}

/** How one call of an activity is told to stop, and tells that it lives. */
export interface Call {
  readonly signal: AbortSignal
  /** From 1: which try of this activity it is. */
  readonly activityAttempt: number
  readonly heartbeat: (details: Readonly<Record<string, number>>) => void
}

export async function limitsOf(deps: ActivityDeps): Promise<Limits> {
  return (await deps.limits?.()) ?? defaultLimits
}
