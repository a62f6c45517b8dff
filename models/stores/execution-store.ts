/** Executions: accepting them, reading what they did, and what a reconciler has to know. */
import type { Problem } from '../../core/errors/problem.js'
import type { Admitted } from '../../core/execution/journal.js'
import type { ExecutionStatus } from '../../core/execution/status.js'
import type { Database } from '../database.js'
import type { Page, PageRequest } from '../page.js'
import { type CancelAnswer, cancelIfStill, requestCancel } from './execution/cancel.js'
import { type CancelFilter, type Cancellable, cancellableExecutions } from './execution/cancellable.js'
import {
  type CheckpointRecord,
  getCheckpoint,
  listCheckpoints,
  listStates,
  type StateRecord,
} from './execution/checkpoints.js'
import { createExecution } from './execution/create-execution.js'
import {
  type ExecutionDetails,
  type ExecutionFilter,
  type ExecutionSummary,
  getExecution,
  listExecutions,
} from './execution/executions.js'
import { type EventRecord, listEvents, type OperatorRecords, operatorCounters } from './execution/history.js'
import { type MetricPoints, metricPoints, type PointsWanted } from './execution/metric-points.js'
import type { CreatedExecution, NewExecution } from './execution/new-execution.js'
import {
  acceptedBefore,
  admitWaitingOf,
  closeLost,
  startAnew,
  type UnfinishedExecution,
  unfinishedExecutions,
  workedFor,
} from './execution/reconcile.js'
import { type StartPoint, unfitFor } from './execution/unfit.js'
import { rememberJobVersions } from './journal/job-versions.js'

export type { TriggerType } from '../tables/executions.js'
export type { Cancellable } from './execution/cancellable.js'
export type { ExecutionDetails } from './execution/executions.js'
export type { CreatedExecution, NewExecution } from './execution/new-execution.js'
export type { UnfinishedExecution } from './execution/reconcile.js'

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
