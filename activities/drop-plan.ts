import { CODES } from '../core/errors/codes.js'
import { reportError, toJobError } from '../core/errors/job-error.js'
import type { Owner, Settled } from '../core/execution/effects.js'
import type { Standing } from '../core/execution/journal.js'
import { newestMark } from '../engine/sinks.js'
import type { ActivityDeps, Call } from './deps.js'
import { sinkRun } from './for-execution.js'

/** In the middle of an epoch: the attempt is raised first, so that whoever still works for it is fenced (I1). */
export async function dropPlan(deps: ActivityDeps, call: Call, known: Owner, epoch: number): Promise<Settled> {
  const owner = await deps.journal.raiseAttempt(known)
  const standing = await deps.journal.standing(owner.executionId)
  const isPending = standing.pending?.epoch === epoch
  const { attempt } = owner
  if (!isPending) return { isDropped: standing.restored?.epoch !== epoch, attempt }
  try {
    return { isDropped: await settlePending(deps, call, owner, standing), attempt }
  } catch (error) {
    // Told, and not thrown: the attempt is another one already, by which the failure has to be judged.
    const failure = toJobError(error)
    if (call.signal.aborted || CODES[failure.code].onFailure !== 'RESTART') throw error
    return { isDropped: false, attempt, failure: reportError(failure) }
  }
}

/**
 * Answers whether the pending plan was dropped: not if any sink shows its epoch, once all of them are fenced. Whoever
 * asks again is told what was settled first: by then the epoch may be at work, and look as if no sink had it.
 */
export async function settlePending(
  deps: ActivityDeps,
  call: Call,
  owner: Owner,
  { record, pending }: Standing,
): Promise<boolean> {
  if (pending === null) return false
  // Older than any subtask that may yet run for it.
  const fence = { generation: owner.generation, attempt: owner.attempt, epoch: pending.epoch, activityAttempt: 0 }
  const shown = await newestMark(sinkRun(record, pending), deps.parts, fence, call.signal)
  return await deps.journal.settlePlan(owner, pending.epoch, shown >= pending.epoch)
}
