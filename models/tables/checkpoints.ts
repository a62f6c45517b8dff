/** Plans, positions and operator state. */
import type { StateType } from '../../core/execution/chain-task.js'
import type { SourceProgress } from '../../core/execution/journal.js'
import type { Next, Plan } from '../../core/execution/plan.js'
import type { Counters } from '../../core/record/counters.js'
import { count, flag, int, json, optional, type Row, rowId, text, time } from '../columns.js'

export const checkpointColumns = {
  id: rowId(),
  checkpointId: text(),
  jobId: text(),
  executionId: text(),
  lineageId: text(),
  epoch: count(),
  phase: int(),
  checkpointType: text<'PERIODIC' | 'SAVEPOINT'>(),
  checkpointStatus: text<'IN_PROGRESS' | 'COMPLETED' | 'FAILED' | 'DROPPED'>(),
  jobVersion: int(),
  generation: int(),
  attempt: int(),
  plan: json<Plan>(),
  nextStep: optional(json<Next>()),
  positions: optional(json<Readonly<Record<string, SourceProgress>>>()),
  counters: optional(json<Readonly<Record<string, Counters>>>()),
  stateSizeBytes: count(),
  checkpointPath: optional(text()),
  stateDiscarded: flag(),
  triggerTime: time(),
  completeTime: optional(time()),
  durationMs: optional(count()),
  failureCount: int(),
  errorMessage: optional(text()),
  createTime: time(),
  updateTime: time(),
}

export type CheckpointRow = Row<typeof checkpointColumns>

export const operatorStateColumns = {
  id: rowId(),
  stateId: text(),
  checkpointId: text(),
  jobId: text(),
  executionId: text(),
  operatorId: text(),
  subtaskIndex: int(),
  stateName: text(),
  stateType: text<StateType>(),
  statePath: optional(text()),
  stateValue: optional(json<object>()),
  stateSizeBytes: count(),
  recordCount: count(),
  createTime: time(),
}

export type OperatorStateRow = Row<typeof operatorStateColumns>
