/** The activities as workflows see them: plain JSON in and out, under 64 KiB (I6). Task queues and names are SURFACES section 6. */

import type { ChainReceipt, ChainTask } from '../core/execution/chain-task.js'
import type {
  EpochDone,
  Failure,
  Outcome,
  Owner,
  Prepared,
  RestartDecision,
  Settled,
} from '../core/execution/effects.js'
import type { Next } from '../core/execution/plan.js'
import type { TerminalStatus } from '../core/execution/status.js'
import type { MaintenanceTask, MaintenanceWish, TaskReport } from '../core/maintenance/report.js'
import type { Passed } from './alert/deliver-alerts.js'
import type { Evaluation } from './alert/evaluate-alerts.js'

export interface Activities {
  /** Makes the execution of a time of a schedule, for the workflow that asks; null: it starts none. */
  startScheduled(scheduleId: string, logicalTime: string): Promise<string | null>
  prepareExecution(executionId: string): Promise<Prepared | 'waiting'>
  planEpoch(owner: Owner, drains?: boolean): Promise<Next>
  dropPlan(owner: Owner, epoch: number): Promise<Settled>
  runOperatorChain(task: ChainTask): Promise<ChainReceipt>
  triggerCheckpoint(done: EpochDone): Promise<Next>
  awaitInput(owner: Owner): Promise<void>
  takeSavepoint(owner: Owner, by?: string | null): Promise<string | null>
  setExecutionStatus(owner: Owner, status: 'PAUSED' | 'RUNNING', by?: string | null): Promise<void>
  evaluateRestartStrategy(owner: Owner | null, executionId: string, failure: Failure): Promise<RestartDecision>
  finishExecution(owner: Owner | null, executionId: string, outcome: Outcome): Promise<TerminalStatus>
}

export interface HouseActivities {
  /** null: another run is at work, or this one was given up. */
  beginMaintenance(
    wish: MaintenanceWish,
    given: { readonly runId: string; readonly isAccepted: boolean },
  ): Promise<string | null>
  maintain(runId: string, task: MaintenanceTask, dryRun: boolean): Promise<TaskReport>
  endMaintenance(runId: string): Promise<void>
}

export interface AlertActivities {
  evaluateAlerts(): Promise<Evaluation>
  deliverAlerts(): Promise<Passed>
}
