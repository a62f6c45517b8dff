import type { ErrorCode } from '../errors/codes.js'
import type { ReportedError } from '../errors/job-error.js'
import type { Problem } from '../errors/problem.js'
import type { JobGraph } from '../graph/job-graph.js'
import type { Counters, Share } from '../record/counters.js'
import type { Rejected } from '../record/rejected.js'
import type { Evaluation, RestartMemory } from '../restart/strategy.js'
import type { JobSettings } from '../spec/settings.js'
import type { ByteTotals } from './byte-totals.js'
import type { StateHandle } from './chain-task.js'
import type { Outcome, Owner } from './effects.js'
import type { EpochTimes } from './epoch-times.js'
import type { Next, Plan, Position } from './plan.js'
import type { RecordTotals } from './record-totals.js'
import type { Needed } from './retention.js'
import type { ExecutionStatus, TerminalStatus } from './status.js'
import type { Watermarks } from './watermarks.js'

/**
 * Where plans, positions, state handles and progress are kept: MySQL for the service (models/stores/journal.ts),
 * a folder for `etl run` (cli/local/). Every method is idempotent, and every write checks that its owner still owns
 * the lineage; a stale owner gets the error `fenced` (I3).
 */
export interface Journal {
  /**
   * Admission in one transaction: counts live executions against maxConcurrentRuns, takes the lineage's next generation.
   * Asked again by the same execution: the same generation.
   */
  admit(executionId: string, workflow: WorkflowReference | null): Promise<Admission>
  /** Read once by every step, at its beginning. */
  standing(executionId: string): Promise<Standing>
  /** Makes row n IN_PROGRESS with its plan. If there is one already, that one is the answer (I1). */
  storePlan(owner: Owner, plan: Plan): Promise<Plan>
  /** The next attempt, without a failure: whoever works for the one before is fenced. Asked again, the same one. */
  raiseAttempt(owner: Owner): Promise<Owner>
  /**
   * What becomes of a pending plan that is to be dropped: it is (true), unless `isShown` by a sink; asked again by the same
   * owner, what was decided first. The number of a dropped epoch is never used again (I1).
   */
  settlePlan(owner: Owner, epoch: number, isShown: boolean): Promise<boolean>
  /** Epoch n is COMPLETED, with everything in the commit, in one transaction; answers the stored `next` if it was done before. */
  completeCheckpoint(owner: Owner, commit: CheckpointCommit): Promise<Next>
  /**
   * Progress of a step (a subtask of a vertex) while its epoch runs: mirrored to the execution row and the metrics, never
   * authoritative.
   */
  progress(executionId: string, step: string, operators: Readonly<Record<string, Counters>>): Promise<void>
  storeRestart(owner: Owner, failure: StoredFailure, evaluation: Evaluation): Promise<Owner>
  event(executionId: string, event: ExecutionEvent): Promise<void>
  setStatus(owner: Owner, status: ExecutionStatus, by: string | null): Promise<void>
  /** A second checkpoint for the newest complete epoch, kept until a person removes it; asked again, the same one. */
  takeSavepoint(owner: Owner, by: string | null): Promise<string | null>
  /**
   * The state of all but the newest `retained` checkpoints is given up; answers what the lineage needs still. Absent: all
   * of it stays.
   */
  retain?(executionId: string, retained: number): Promise<Needed>
  /** Old rows that each epoch has left are thinned out; answers how many have gone. Absent: there are none. */
  thinOut?(executionId: string, nowMs: number): Promise<number>
  /** Final status, totals and duration, in one transaction with what follows from them. */
  finish(owner: Owner, outcome: Outcome, retained: number): Promise<Finished>
}

export interface Finished {
  /** What stands: the first that was stored. */
  readonly status: TerminalStatus
  /** Executions that waited and may begin. */
  readonly admitted: readonly Admitted[]
  /** After a COMPLETED one, as `retain` answers; null where all stays, or a newer execution has the lineage. */
  readonly needed: Needed | null
}

export interface Admitted {
  readonly jobId: string
  readonly executionId: string
  /** null: it is called as usual. */
  readonly workflowId: string | null
}

export interface WorkflowReference {
  readonly workflowId: string
  readonly runId: string
}

export type Admission =
  | { readonly kind: 'admitted'; readonly owner: Owner; readonly standing: Standing }
  | { readonly kind: 'waiting'; readonly reason: string }

/** Where an execution stands in its lineage (I4). */
export interface Standing {
  readonly record: ExecutionRecord
  /** The newest COMPLETED checkpoint of the lineage that it continues, or null for a fresh start. */
  readonly restored: CompletedCheckpoint | null
  /** The plan that is stored and not completed, if there is one. */
  readonly pending: Plan | null
  /** The newest epoch number of the lineage, dropped ones included: the next plan has a larger one. */
  readonly used: number
  /** What the restore point holds and the graph has no place for: it is left behind. */
  readonly unfit: readonly Problem[]
}

export interface ExecutionRecord {
  readonly executionId: string
  readonly jobId: string
  readonly jobName: string
  /** Of the graph: that of the pending plan, if there is one (I1). */
  readonly jobVersion: number
  /** The pending plan is of another version than what comes after it. */
  readonly isBehind: boolean
  readonly allowsNonRestoredState: boolean
  readonly lineageId: string
  readonly status: ExecutionStatus
  readonly generation: number
  readonly attempt: number
  readonly graph: JobGraph
  readonly settings: JobSettings
  /** Parameter values as text, by name. */
  readonly parameters: Readonly<Record<string, string>>
  readonly logicalTime: string
  readonly startedAt: string | null
  readonly restartMemory: RestartMemory
  /** Of all completed epochs: tolerances are judged over the execution. */
  readonly totals: RecordTotals
  readonly bytes: ByteTotals
}

/** Everything that epoch n + 1 starts from. */
export interface CompletedCheckpoint {
  readonly checkpointId: string
  readonly epoch: number
  readonly phase: number
  readonly positions: Readonly<Record<string, SourceProgress>>
  readonly states: readonly StateHandle[]
  readonly watermarks?: Watermarks
  readonly next: Next
}

export interface SourceProgress {
  readonly position: Position
  readonly end: boolean
  /** Records and time of the last epoch: the next budget is sized from them. */
  readonly lastRecords: number
  readonly lastDurationMs: number
  /** Of the epochs so far. */
  readonly times?: EpochTimes
  readonly lastBudget: { readonly records: number; readonly bytes: number }
}

export interface CheckpointCommit {
  readonly epoch: number
  /** Of the graph that the epoch was planned for. */
  readonly jobVersion: number
  readonly phase: number
  readonly positions: Readonly<Record<string, SourceProgress>>
  /** All state of the execution after this epoch, unchanged handles included. */
  readonly states: readonly StateHandle[]
  readonly watermarks?: Watermarks
  /** This epoch's records through each node. */
  readonly counters: Readonly<Record<string, Counters>>
  readonly shares: Readonly<Record<string, Share>>
  readonly rejected: readonly Rejected[]
  readonly durationMs: number
  readonly stateSizeBytes: number
  readonly path: string | null
  readonly next: Next
  /** The plan that `next` names, made durable in the same transaction. */
  readonly nextPlan: Plan | null
  readonly events: readonly ExecutionEvent[]
}

export interface StoredFailure {
  readonly error: ReportedError
  readonly epoch: number | null
  readonly vertexId: string | null
  readonly atMs: number
}

/** A line of the timeline. */
export interface ExecutionEvent {
  readonly type: EventType
  readonly level: 'INFO' | 'WARNING' | 'ERROR'
  readonly message: string
  readonly code?: ErrorCode | string
  readonly details?: Readonly<Record<string, unknown>>
}

export type EventType =
  | 'SUBMITTED'
  | 'WAITING'
  | 'STARTED'
  | 'RESTORED'
  | 'CHECKPOINT_COMPLETED'
  | 'CHECKPOINT_FAILED'
  | 'SAVEPOINT_COMPLETED'
  | 'SINK_WRITES'
  | 'PHASE_ENDED'
  | 'RESTART_DECIDED'
  | 'WARNING'
  | 'ACCOUNTING_MISMATCH'
  | 'PAUSED'
  | 'RESUMED'
  | 'PLAN_DROPPED'
  | 'RESTARTED'
  | 'FORKED'
  | 'CANCEL_REQUESTED'
  | 'SLA_MISSED'
  | 'RETRY_PLANNED'
  | 'RETRIED'
  | 'RETRY_DROPPED'
  | 'COMPLETED'
  | 'FAILED'
  | 'CANCELLED'
