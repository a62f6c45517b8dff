import type { Failure, Owner, RestartDecision } from '../core/execution/effects.js'
import { evaluateRestart } from '../core/restart/index.js'
import type { Evaluation, RestartMemory } from '../core/restart/strategy.js'
import type { ActivityDeps } from './deps.js'
import { ownerOf } from './for-execution.js'

/** Asks the job's restart strategy, and stores the decision with its reason; the attempt is raised if it says restart. */
export async function evaluateRestartStrategy(
  deps: ActivityDeps,
  known: Owner | null,
  executionId: string,
  failure: Failure,
): Promise<RestartDecision> {
  const { record } = await deps.journal.standing(executionId)
  const owner = known ?? ownerOf(record)
  // Asked again after its answer was lost: what was decided stands.
  if (known !== null && record.attempt > known.attempt)
    return { restart: true, delayMs: 0, reason: 'Decided before.', attempt: record.attempt }
  const evaluation = failure.tolerated
    ? toleratedTimeout(record.restartMemory)
    : evaluateRestart(record.settings.restart, record.restartMemory, failure.atMs, deps.jitter())
  const raised = await deps.journal.storeRestart(owner, failure, evaluation)
  return {
    restart: evaluation.decision === 'RESTART',
    delayMs: evaluation.delayMs,
    reason: evaluation.reason,
    attempt: raised.attempt,
  }
}

function toleratedTimeout(memory: RestartMemory): Evaluation {
  return {
    decision: 'RESTART',
    delayMs: 0,
    reason: 'The checkpoint took too long, within tolerableFailures: the same epoch is tried again.',
    memory,
  }
}
