/** Executions: accepting them, reading what they did, and what a reconciler has to know. */
import type { Problem } from '../../core/errors/problem.js'
import type { StateHandle } from '../../core/execution/chain-task.js'
import type { Admitted, EventType, ExecutionEvent } from '../../core/execution/journal.js'
import type { Next } from '../../core/execution/plan.js'
import type { ExecutionReport } from '../../core/execution/report.js'
import type { ExecutionStatus } from '../../core/execution/status.js'
import type { Slowest } from '../../core/metrics/slowest.js'
import type { Counters } from '../../core/record/counters.js'
import type { Database } from '../database.js'
import type { Page, PageRequest } from '../page.js'
import type { TriggerType } from '../tables/executions.js'
import { cancelIfStill, requestCancel } from './execution/cancel.js'
import { type CancelFilter, type Cancellable, cancellableExecutions } from './execution/cancellable.js'
import { getCheckpoint, listCheckpoints, listStates } from './execution/checkpoints.js'
import { type CreatedExecution, createExecution, type NewExecution } from './execution/create-execution.js'
import { getExecution, listExecutions } from './execution/executions.js'
import { listEvents, operatorCounters } from './execution/history.js'
import { type MetricPoints, metricPoints, type PointsWanted } from './execution/metric-points.js'
import {
  acceptedBefore,
  admitWaitingOf,
  closeLost,
  startAnew,
  unfinishedExecutions,
  workedFor,
} from './execution/reconcile.js'
import { type StartPoint, unfitFor } from './execution/unfit.js'
import { rememberJobVersions } from './journal/job-versions.js'

export type { TriggerType } from '../tables/executions.js'
export type { Cancellable } from './execution/cancellable.js'
export type { CreatedExecution, NewExecution } from './execution/create-execution.js'

/** SURFACES section 3, without the operators, and when and why it ran. */
export interface ExecutionSummary extends Omit<ExecutionReport, 'operators' | 'waitReason' | 'retryAt'> {
  readonly lineageId: string
  readonly triggerType: TriggerType
  readonly logicalTime: string
  readonly priority: number
  readonly attempt: number
  readonly waitReason: string | null
  /** Of a FAILED one that is tried again: when; null: it is not. */
  readonly retryAt: string | null
  readonly cancelRequested: boolean
  readonly createdBy: string | null
  readonly createdAt: string
  readonly startedAt: string | null
  readonly endedAt: string | null
}

/** SURFACES section 3's object and more about the one execution. */
export interface ExecutionDetails extends ExecutionSummary, Pick<ExecutionReport, 'operators'> {
  readonly parameters: Readonly<Record<string, string>>
  readonly restoredFrom: { readonly executionId: string; readonly checkpointId: string | null } | null
  readonly workflowId: string | null
  readonly runId: string | null
}

export interface ExecutionFilter extends PageRequest {
  readonly jobId?: string | undefined
  readonly status?: ExecutionStatus | undefined
  /** Accepted at or after, and before. */
  readonly from?: Date | undefined
  readonly to?: Date | undefined
}

export interface EventRecord extends ExecutionEvent {
  /** Increases: what came after is what is greater. */
  readonly sequence: string
  readonly eventId: string
  readonly type: EventType
  readonly time: string
  readonly epoch: number | null
  readonly attempt: number | null
}

export interface OperatorRecord {
  readonly id: string
  readonly name: string
  readonly nodeType: 'SOURCE' | 'OPERATOR' | 'SINK'
  readonly kind: string
  readonly parallelism: number
  /** Committed. */
  readonly counters: Counters
  /** Of the epoch that is running. */
  readonly running: Counters | null
}

export interface OperatorRecords {
  /** In the order of the graph. */
  readonly items: readonly OperatorRecord[]
  /** null: nothing has been worked on yet. */
  readonly slowest: Slowest | null
}

export interface CheckpointRecord {
  readonly checkpointId: string
  readonly jobId: string
  readonly executionId: string
  readonly lineageId: string
  readonly epoch: number
  readonly phase: number
  readonly type: 'PERIODIC' | 'SAVEPOINT'
  readonly status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' | 'DROPPED'
  readonly jobVersion: number
  readonly stateSizeBytes: number
  readonly path: string | null
  /** Beyond those retained: its state is gone, and nothing can start from it. */
  readonly stateDiscarded: boolean
  readonly triggeredAt: string
  readonly completedAt: string | null
  readonly durationMs: number | null
  readonly failures: number
  readonly error: string | null
  readonly next: Next | null
}

export interface StateRecord extends Omit<StateHandle, 'path'> {
  /** null: `value` holds it. */
  readonly path: string | null
  readonly value: object | null
}

export interface CancelAnswer {
  readonly status: ExecutionStatus
  /** null: no workflow has been started; it is cancelled already. */
  readonly workflowId: string | null
}

export interface UnfinishedExecution {
  readonly executionId: string
  readonly jobId: string
  readonly triggerType: TriggerType
  readonly status: ExecutionStatus
  readonly hasBegun: boolean
  readonly workflowId: string | null
  readonly runId: string | null
  readonly cancelRequested: boolean
  readonly createdAt: string
  /** Progress counts: one that runs is seldom older than seconds. */
  readonly updatedAt: string
}

export interface ExecutionStore {
  /** Asked again with the same triggerKey or executionId: the execution that is there. */
  create(wanted: NewExecution): Promise<CreatedExecution>
  /** What the newest version of the job has no place for, of what it would start from. */
  unfit(start: StartPoint): Promise<readonly Problem[]>
  get(executionId: string): Promise<ExecutionDetails>
  list(filter: ExecutionFilter): Promise<Page<ExecutionSummary>>
  /** Oldest first, after `after` (a `sequence`). */
  events(
    executionId: string,
    request: { readonly limit: number; readonly after?: string | undefined },
  ): Promise<readonly EventRecord[]>
  operators(executionId: string): Promise<OperatorRecords>
  /** One point a step; throws `usage.invalid` where these are too many. */
  metrics(executionId: string, wanted: PointsWanted): Promise<MetricPoints>
  checkpoints(executionId: string, request: PageRequest): Promise<Page<CheckpointRecord>>
  checkpoint(checkpointId: string): Promise<CheckpointRecord>
  states(checkpointId: string): Promise<readonly StateRecord[]>
  /** One that has no workflow yet is CANCELLED at once; of any other the caller cancels the workflow. */
  setCancelRequested(executionId: string, by: string | null, asked?: string): Promise<CancelAnswer>
  /** The same of one that may have ended by itself, or is not `status` any more: null, and nothing is changed. */
  cancelIfStill(
    executionId: string,
    by: string | null,
    asked: string,
    status?: ExecutionStatus,
  ): Promise<CancelAnswer | null>
  /** Those that may be cancelled and fit, oldest first. */
  cancellable(filter: CancelFilter): Promise<readonly Cancellable[]>
  /** Accepted before `before` and without a workflow: a reconciler starts them. */
  acceptedBefore(before: Date): Promise<readonly UnfinishedExecution[]>
  /** Everything that has not ended. */
  unfinished(): Promise<readonly UnfinishedExecution[]>
  /** Of these, those that have not ended, or have ended since `since`. */
  workedFor(executionIds: readonly string[], since: Date): Promise<ReadonlySet<string>>
  /** Its workflow is gone: FAILED as `workflow.lost`, or CANCELLED where that was asked for. False: it has ended by itself. */
  closeLost(executionId: string): Promise<boolean>
  /** One that has not begun, and whose workflow is not there: it is accepted as before. */
  startAnew(executionId: string): Promise<void>
  /** Admits what waits of these jobs, and under a limit of the system of any, as far as there is room; answers all that were admitted and have not begun. */
  admitWaiting(jobIds: readonly string[]): Promise<readonly Admitted[]>
}

export function executionStore(db: Database): ExecutionStore {
  const versions = rememberJobVersions(db)
  return {
    create: (wanted) => createExecution(db, wanted),
    unfit: (start) => unfitFor(db, versions, start),
    get: (executionId) => getExecution(db, executionId),
    list: (filter) => listExecutions(db, filter),
    events: (executionId, request) => listEvents(db, executionId, request),
    operators: (executionId) => operatorCounters(db, executionId),
    metrics: (executionId, wanted) => metricPoints(db, executionId, wanted),
    checkpoints: (executionId, request) => listCheckpoints(db, executionId, request),
    checkpoint: (checkpointId) => getCheckpoint(db, checkpointId),
    states: (checkpointId) => listStates(db, checkpointId),
    setCancelRequested: (executionId, by, asked = by ?? undefined) => requestCancel(db, executionId, by, asked ?? null),
    cancelIfStill: (executionId, by, asked, status) => cancelIfStill(db, executionId, by, asked, status),
    cancellable: (filter) => cancellableExecutions(db, filter),
    acceptedBefore: (before) => acceptedBefore(db, before),
    unfinished: () => unfinishedExecutions(db),
    workedFor: (executionIds, since) => workedFor(db, executionIds, since),
    closeLost: (executionId) => closeLost(db, executionId),
    startAnew: (executionId) => startAnew(db, executionId),
    admitWaiting: (jobIds) => admitWaitingOf(db, jobIds),
  }
}
