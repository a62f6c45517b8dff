/** Executions, lineages, the timeline and the dead letters. */
import type { ReportedError } from '../../core/errors/job-error.js'
import type { EventType, ExecutionEvent } from '../../core/execution/journal.js'
import type { RecordTotals } from '../../core/execution/record-totals.js'
import type { ExecutionStatus } from '../../core/execution/status.js'
import type { Replay } from '../../core/graph/replay-graph.js'
import type { Counters } from '../../core/record/counters.js'
import type { Place, RecordForm } from '../../core/record/rejected.js'
import type { RestartMemory } from '../../core/restart/strategy.js'
import { count, flag, int, json, optional, type Row, rowId, text, time } from '../columns.js'

/** What an execution starts from: nothing, positions, positions and state, a checkpoint of another lineage. */
export type RestoreMode = 'FRESH' | 'CONTINUE' | 'RESTART' | 'FORK'

/** What the execution has committed: the whole, and each operator. */
export interface CommittedTotals {
  readonly totals: RecordTotals
  readonly operators: Readonly<Record<string, Counters>>
}

/** What each step of the epoch that is at work has counted so far; a step is a subtask of a vertex. */
export type StepsUnderWay = Readonly<Record<string, Readonly<Record<string, Counters>>>>

export type TriggerType =
  | 'MANUAL'
  | 'CRON'
  | 'DEPENDENCY'
  | 'EVENT'
  | 'IMMEDIATE'
  | 'BACKFILL'
  | 'RETRY'
  | 'RESTART'
  | 'FORK'
  | 'REPLAY'

export const jobExecutionColumns = {
  id: rowId(),
  executionId: text(),
  jobId: text(),
  jobName: text(),
  jobVersion: int(),
  lineageId: text(),
  restoreMode: text<RestoreMode>(),
  restoredExecutionId: optional(text()),
  restoredCheckpointId: optional(text()),
  allowNonRestoredState: flag(),
  executionStatus: text<ExecutionStatus>(),
  waitReason: optional(text()),
  triggerType: text<TriggerType>(),
  triggerKey: optional(text()),
  scheduleId: optional(text()),
  backfillId: optional(text()),
  logicalTime: time(),
  isScheduledTime: flag(),
  parameters: json<Readonly<Record<string, string>>>(),
  replay: optional(json<Replay>()),
  priority: int(),
  generation: int(),
  attempt: int(),
  restartCount: int(),
  retryNumber: int(),
  retryDueTime: optional(time()),
  restartMemory: optional(json<RestartMemory>()),
  workflowId: optional(text()),
  runId: optional(text()),
  cancelRequested: flag(),
  cancelRequestedBy: optional(text()),
  cancelRequestedTime: optional(time()),
  startTime: optional(time()),
  endTime: optional(time()),
  durationMs: optional(count()),
  slaDueTime: optional(time()),
  recordsRead: count(),
  recordsSideRead: count(),
  recordsProcessed: count(),
  recordsWritten: count(),
  recordsFiltered: count(),
  recordsFailed: count(),
  recordsLate: count(),
  epochs: int(),
  currentPhase: int(),
  lastCheckpointId: optional(text()),
  metrics: optional(json<CommittedTotals>()),
  progress: optional(json<StepsUnderWay>()),
  error: optional(json<ReportedError>()),
  errorCode: optional(text()),
  errorMessage: optional(text()),
  createdBy: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type JobExecutionRow = Row<typeof jobExecutionColumns>

export const lineageColumns = {
  id: rowId(),
  lineageId: text(),
  jobId: text(),
  ownerExecutionId: optional(text()),
  generation: int(),
  forkedFromCheckpointId: optional(text()),
  isDrained: flag(),
  createTime: time(),
  updateTime: time(),
}

export type LineageRow = Row<typeof lineageColumns>

export const executionEventColumns = {
  id: rowId(),
  eventId: text(),
  executionId: text(),
  jobId: text(),
  eventType: text<EventType>(),
  eventLevel: text<ExecutionEvent['level']>(),
  eventTime: time(),
  epoch: optional(count()),
  attempt: optional(int()),
  code: optional(text()),
  message: text(),
  details: optional(json<Readonly<Record<string, unknown>>>()),
  createTime: time(),
}

export type ExecutionEventRow = Row<typeof executionEventColumns>

export type DeadLetterStatus = 'NEW' | 'EDITED' | 'REPLAYING' | 'REPLAYED' | 'DISCARDED'

/** How a dead letter is read again, and between which nodes it still has to go (see Replay). */
export interface LetterForm extends RecordForm {
  readonly of: string
  readonly nodeId: string
}

export const deadLetterColumns = {
  id: rowId(),
  deadLetterId: text(),
  jobId: text(),
  jobVersion: int(),
  executionId: text(),
  lineageId: text(),
  epoch: count(),
  operatorId: text(),
  originalRecord: text(),
  editedRecord: optional(text()),
  recordForm: optional(json<LetterForm>()),
  sourcePosition: optional(json<Place>()),
  errorCode: text(),
  errorMessage: text(),
  deadLetterStatus: text<DeadLetterStatus>(),
  replayExecutionId: optional(text()),
  replayTime: optional(time()),
  updatedBy: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type DeadLetterRow = Row<typeof deadLetterColumns>
