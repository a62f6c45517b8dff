import { defineSearchAttributeKey } from '@temporalio/common'
import {
  ApplicationFailure,
  allHandlersFinished,
  CancelledFailure,
  continueAsNew,
  workflowInfo,
} from '@temporalio/workflow'
import { CODES } from '../core/errors/codes.js'
import { asJobError, JobError } from '../core/errors/job-error.js'
import type { Outcome, Prepared } from '../core/execution/effects.js'
import type { Progress } from '../core/execution/progress.js'
import { runExecution } from '../core/execution/run-execution.js'
import { Deadline } from './deadline.js'
import { type Limits, startScheduled, workflowEffects } from './effects.js'
import { searchAttributes } from './search-attributes.js'
import { UpdatedWishes } from './wishes.js'

export interface JobExecutionInput {
  readonly executionId: string
  /** What the workflow run before handed over; null: it could not be prepared yet. */
  readonly carried?: Progress | null
  /** When the first workflow run of this execution began, or its waiting ended: the job's `timeout` counts from there. */
  readonly beganAtMs?: number
  /** Of the `timeout`, once it counts: pauses do not. */
  readonly leftMs?: number | null
  /** Asked for in the workflow run before. */
  readonly isToPause?: boolean
}

/** Started by Temporal at a time of a schedule: the execution is made then. */
export interface ScheduledInput {
  readonly scheduleId: string
}

/** One execution of a job: the epoch loop, made durable. */
export async function jobExecution(given: JobExecutionInput | ScheduledInput): Promise<{ status: string }> {
  const input = 'scheduleId' in given ? await atItsTime(given).catch(asFailure) : given
  if (input === null) {
    searchAttributes().status('SKIPPED')
    return { status: 'SKIPPED' }
  }
  const beganAtMs = input.beganAtMs ?? workflowInfo().startTime.getTime()
  const limits: Limits = { heartbeatTimeoutMs: 10_000, checkpointTimeoutMs: 600_000 }
  const deadline = new Deadline()
  const wishes = new UpdatedWishes(input.isToPause === true, input.carried?.isPaused === true)
  const adopt = (prepared: Prepared) => {
    wishes.begin(prepared)
    limits.heartbeatTimeoutMs = prepared.heartbeatTimeoutMs
    limits.checkpointTimeoutMs = prepared.checkpointTimeoutMs
    // Prepared anew, it goes on as it was.
    if (prepared.timeoutMs !== null && deadline.leftMs === null)
      deadline.arm(input.leftMs ?? deadline.countsFromMs(beganAtMs) + prepared.timeoutMs - Date.now())
  }
  if (input.carried) adopt(input.carried.prepared)
  if (input.carried?.isPaused === true) deadline.hold()

  const control = {
    // Whoever asked is answered by the run that was asked.
    shouldHandOver: () => workflowInfo().continueAsNewSuggested && allHandlersFinished(),
    cutShort: () => deadline.reason,
    wishes,
  }
  const effects = workflowEffects(limits, adopt, deadline)
  const ending = await deadline
    .run(() => runExecution(input.executionId, control, effects, input.carried ?? null))
    .catch(asFailure)
  if (ending.kind === 'ended') {
    await wishes.end(ending.outcome)
    return asResult(ending.outcome)
  }
  const isToPause = wishes.isToPause()
  const counted = { beganAtMs: deadline.countsFromMs(beganAtMs), leftMs: deadline.leftMs }
  return await continueAsNew<typeof jobExecution>({ ...input, carried: ending.progress, ...counted, isToPause })
}

/** null: the time starts none, and it is written down why. */
async function atItsTime({ scheduleId }: ScheduledInput): Promise<JobExecutionInput | null> {
  const { typedSearchAttributes, startTime } = workflowInfo()
  const logicalTime = typedSearchAttributes.get(SCHEDULED_TIME) ?? startTime
  const executionId = await startScheduled(scheduleId, logicalTime.toISOString())
  return executionId === null ? null : { executionId }
}

/** Set by the server: the time of the calendar, before jitter. */
const SCHEDULED_TIME = defineSearchAttributeKey('TemporalScheduledStartTime', 'DATETIME')

/** Not even its end could be stored. Left as it is, the server would ask for the same for ever; the reconciler closes the row. */
function asFailure(error: unknown): never {
  if (!(error instanceof JobError)) throw error
  throw withoutStack(ApplicationFailure.nonRetryable(CODES[error.code].meaning, error.code))
}

/**
 * The Web UI shows a workflow as the execution ended: completed, failed or cancelled. Its error's own message may quote a record
 * (I6): the catalogue has it.
 */
function asResult({ status, error }: Outcome): { status: string } {
  if (status === 'COMPLETED') return { status }
  const message = error === null ? status : CODES[asJobError(error).code].meaning
  const failure =
    status === 'CANCELLED'
      ? new CancelledFailure(message)
      : ApplicationFailure.nonRetryable(message, error?.code ?? status)
  throw withoutStack(failure)
}

/** Histories are for people to read, and where this was thrown tells them nothing. */
function withoutStack<T extends Error>(failure: T): T {
  failure.stack = ''
  return failure
}
