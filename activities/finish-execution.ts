import type { Outcome, Owner } from '../core/execution/effects.js'
import type { ExecutionRecord } from '../core/execution/journal.js'
import { isTerminal, type TerminalStatus } from '../core/execution/status.js'
import { releaseExecution } from '../engine/sessions.js'
import { finishSinks } from '../engine/sinks.js'
import { type ActivityDeps, type Call, limitsOf } from './deps.js'
import { discardAtEnd } from './discard-old.js'
import { ownerOf, sinkRun } from './for-execution.js'

/** Publishes what sinks kept back, then the final status; who waits for room is told, and what depends on it is started. */
export async function finishExecution(
  deps: ActivityDeps,
  call: Call,
  known: Owner | null,
  executionId: string,
  outcome: Outcome,
): Promise<TerminalStatus> {
  const { record, restored } = await deps.journal.standing(executionId)
  return await finishRecord(deps, call, known ?? ownerOf(record), record, restored?.epoch ?? 0, outcome)
}

/** `lastEpoch`: its newest complete one. */
export async function finishRecord(
  deps: ActivityDeps,
  call: Call,
  owner: Owner,
  record: ExecutionRecord,
  lastEpoch: number,
  outcome: Outcome,
): Promise<TerminalStatus> {
  const { executionId } = owner
  // Asked again once the status is stored, all has been published, and a later execution may have taken the sinks.
  if (outcome.status === 'COMPLETED' && !isTerminal(record.status)) {
    const fence = { ...owner, epoch: lastEpoch + 1, activityAttempt: call.activityAttempt }
    await finishSinks(sinkRun(record, null), deps.parts, fence, call.signal)
  }
  const retained = record.settings.checkpoint.retained ?? (await limitsOf(deps)).retainedCheckpoints
  const { status, admitted, needed } = await deps.journal.finish(owner, outcome, retained)
  releaseExecution(executionId)
  await deps.signalAdmitted(admitted)
  // Nobody has to wait until others have begun, or files are gone that nobody reads: whom this one leaves out, the sweeper
  // starts, and what it leaves over goes with the maintenance.
  setTimeout(() => {
    void deps.startDependants?.(executionId)
    if (needed !== null) void discardAtEnd(deps, record, needed)
  }, AFTER_THE_ANSWER_MS).unref()
  return status
}

/** Until the answer is on its way: what comes after it is in its way no more. */
const AFTER_THE_ANSWER_MS = 20
