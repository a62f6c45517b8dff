import type { ReportedError } from '../errors/job-error.js'
import type { ChainReceipt, ChainTask } from './chain-task.js'
import type { Next } from './plan.js'
import type { TerminalStatus } from './status.js'

/**
 * All that the epoch loop may ask of the world. The workflow binds these to activities and timers, `etl run` to plain
 * calls, tests to a script of failures. Each is idempotent: asked again with the same fence it gives the stored answer.
 */
export interface ExecutionEffects {
  /** Admission, the lineage's next generation, the restore point, the sinks' progress rows, the first plan. */
  prepare(executionId: string): Promise<Prepared | 'waiting'>
  /** Runs one subtask for one epoch. */
  runChain(task: ChainTask, summary: string): Promise<ChainReceipt>
  /** One transaction: epoch n is COMPLETED, and what comes next is stored (I3). If nothing does, it may end the execution. */
  triggerCheckpoint(done: EpochDone): Promise<Next>
  /** Plans what triggerCheckpoint could not plan at once. `drains`: the sources end where they stand (`--drain`). */
  planEpoch(owner: Owner, drains: boolean): Promise<Next>
  /** Fences every sink at the next attempt, and gives the pending plan up unless one of them shows its epoch (I1). */
  dropPlan(owner: Owner, epoch: number): Promise<Settled>
  /** Waits for input; writes nothing. */
  awaitInput(owner: Owner): Promise<void>
  /** The newest complete epoch's checkpoint once more, as a savepoint: answers its id; null: no epoch is complete. */
  takeSavepoint(owner: Owner, by: string | null): Promise<string | null>
  /** Shows that it is paused, or runs again. */
  setStatus(owner: Owner, status: 'PAUSED' | 'RUNNING', by: string | null): Promise<void>
  /** Stores the decision with its reason, and raises the attempt if it says restart. */
  evaluateRestart(owner: Owner | null, executionId: string, failure: Failure): Promise<RestartDecision>
  /** Publishes what sinks kept back, then the final status; answers the one that stands, which is the first that was stored. */
  finish(owner: Owner | null, executionId: string, outcome: Outcome): Promise<TerminalStatus>
  /** Durable in the workflow. */
  sleep(ms: number): Promise<void>
  /** Waits for the signal `admitted`. */
  untilAdmitted(): Promise<void>
  now(): number
}

/** Who may advance the lineage: an execution in a generation and attempt. */
export interface Owner {
  readonly executionId: string
  readonly generation: number
  readonly attempt: number
}

export interface Prepared {
  readonly owner: Owner
  /** Stages of each phase: which vertices, how many subtasks, what a summary calls them. */
  readonly phases: readonly PhaseOutline[]
  readonly next: Next
  readonly checkpointTimeoutMs: number
  readonly heartbeatTimeoutMs: number
  readonly timeoutMs: number | null
  readonly tolerableFailures: number
  /** Only where input has no end is what is there whole at any time. */
  readonly canStop: boolean
  /** The pending epoch is finished with the graph that it was planned for; what comes after it is prepared anew (I1). */
  readonly isBehind?: boolean
}

/** What became of a pending plan that was to be dropped. */
export interface Settled {
  /** False: a sink shows its epoch, or may yet; it is finished first. */
  readonly isDropped: boolean
  /** The attempt from now on. */
  readonly attempt: number
  /** Why a sink could not be asked; absent: it was. */
  readonly failure?: ReportedError
}

export interface PhaseOutline {
  readonly number: number
  readonly stages: readonly (readonly VertexOutline[])[]
}

export interface VertexOutline {
  readonly vertexId: string
  readonly name: string
  readonly parallelism: number
  /** Vertices whose exchanges it reads. */
  readonly upstream: readonly string[]
}

export interface EpochDone {
  readonly owner: Owner
  readonly epoch: number
  readonly phase: number
  readonly receipts: readonly ChainReceipt[]
  /** Something is to come before the next epoch: it is not planned yet, so that no plan is pending meanwhile. */
  readonly leaveUnplanned?: boolean
}

export interface Failure {
  readonly error: ReportedError
  readonly epoch: number | null
  readonly vertexId: string | null
  readonly atMs: number
  /** A checkpoint that timed out within `tolerableFailures`: the attempt is raised, the restart budget is not touched. */
  readonly tolerated: boolean
}

export interface RestartDecision {
  readonly restart: boolean
  readonly delayMs: number
  readonly reason: string
  /** The attempt from now on. */
  readonly attempt: number
}

export interface Outcome {
  readonly status: TerminalStatus
  readonly error: ReportedError | null
  /** A person stopped it with a savepoint: COMPLETED, and yet nothing that waits for its end starts. */
  readonly isStopped?: boolean
  /** Its sources were ended before, and everything has fired: nothing can go on from there. */
  readonly isDrained?: boolean
  /** Who stopped it. */
  readonly by?: string | null
}
