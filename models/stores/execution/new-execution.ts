/** An execution that is wanted, and what has become of the wish. */
import type { ExecutionStatus } from '../../../core/execution/status.js'
import type { Replay } from '../../../core/graph/replay-graph.js'
import type { TriggerType } from '../../tables/executions.js'
import type { JobRow } from '../../tables/jobs.js'

export type ParameterValues = Readonly<Record<string, string>>

export interface NewExecution {
  readonly jobId: string
  /** Values as text, by name, defaults filled in; or how they come from what the version that runs declares. */
  readonly parameters: ParameterValues | ((declared: JobRow['settings']['parameters']) => ParameterValues)
  readonly logicalTime: Date
  /** The logical time is one of a calendar; absent: it is if a calendar starts it. */
  readonly isScheduledTime?: boolean
  readonly triggerType: TriggerType
  /** What may start one execution only, as `<schedule>@<time>`: asked again, the execution that it started is the answer. */
  readonly triggerKey?: string
  readonly scheduleId?: string
  readonly priority?: number
  readonly createdBy: string | null
  /** By name, for the timeline. */
  readonly asked?: string
  /** Chosen by the caller where the workflow's id must be known before; else a new one. */
  readonly executionId?: string
  /** Goes on in the lineage of this execution, with its parameters and logical time. */
  readonly restartOf?: string
  /** That one is live still: the new one waits until it has ended. Asked again, the one that waits is the answer. */
  readonly afterIt?: boolean
  /** What the newest version has no place for is left behind. */
  readonly allowNonRestoredState?: boolean
  /** A new lineage that starts from this checkpoint. */
  readonly forkOf?: string
  readonly retryNumber?: number
  /** Runs these dead letters through a part of a version, and not the job. */
  readonly replay?: { readonly of: Replay; readonly jobVersion: number }
}

export interface CreatedExecution {
  readonly executionId: string
  readonly jobId: string
  readonly jobVersion: number
  readonly lineageId: string
  readonly status: ExecutionStatus
  /** False: the trigger had started it before. */
  readonly isNew: boolean
  /** Live executions that `overlap: CANCEL_RUNNING` asks to cancel. */
  readonly toCancel: readonly string[]
}
