/** How the loop heeds what people want, between two steps (DESIGN, Stop and savepoint). */
import { asJobError, type JobError } from '../errors/job-error.js'
import type { Control, Savepoint } from './control.js'
import type { ExecutionEffects, Owner } from './effects.js'
import type { Progress } from './progress.js'

/** The graph that the pending epoch was finished with is not the one that goes on. */
export function isOutdated({ prepared, next }: Progress): boolean {
  return prepared.isBehind === true && next.kind !== 'plan'
}

export function isAtWork({ next }: Progress): boolean {
  return next.kind === 'plan' || next.kind === 'exhausted'
}

export function isToDrop({ next, mustFinish }: Progress, { wishes }: Control): boolean {
  return wishes.isNow() && next.kind === 'plan' && mustFinish !== true
}

export async function drop(progress: Progress, effects: ExecutionEffects): Promise<Dropped> {
  if (progress.next.kind !== 'plan') return { progress }
  const { isDropped, attempt, failure } = await effects.dropPlan(progress.owner, progress.next.epoch)
  const now = { ...progress, owner: { ...progress.owner, attempt } }
  if (failure !== undefined) return { progress: now, failure: asJobError(failure) }
  return { progress: isDropped ? { ...now, next: { kind: 'unplanned' } } : { ...now, mustFinish: true } }
}

interface Dropped {
  readonly progress: Progress
  readonly failure?: JobError
}

/** One last epoch that reads nothing and ends; before that, what is read to its end anyway. */
export async function drain(progress: Progress, effects: ExecutionEffects): Promise<Progress> {
  return { ...progress, next: await effects.planEpoch(progress.owner, true), mustFinish: true }
}

/** With no plan pending, so that the savepoint is all there is to go on from. */
export async function savepoint(owner: Owner, { wishes }: Control, effects: ExecutionEffects): Promise<Savepoint> {
  const kind = wishes.savepoint()
  wishes.nowSaved(await effects.takeSavepoint(owner, wishes.whoSaves()), kind)
  return kind
}

/** Between two attempts. What comes meanwhile and can be heeded at once does not wait for it. */
export async function delay(ms: number, progress: Progress | null, control: Control, effects: ExecutionEffects) {
  if (ms <= 0) return
  const isDropping = () => progress !== null && isToDrop(progress, control)
  // One that could not be dropped before is tried again no sooner than anything else.
  const hasFailed = isDropping()
  const isHeeded = () => progress !== null && (isPausing(control) || (!hasFailed && isDropping()))
  await control.wishes.unless(isHeeded, () => effects.sleep(ms))
}

/** A pending epoch is finished before a savepoint, paused or not. */
export async function heedPause(progress: Progress, control: Control, effects: ExecutionEffects): Promise<Progress> {
  const isPaused = isPausing(control)
  if (isPaused === (progress.isPaused ?? false)) return progress
  const { wishes } = control
  await effects.setStatus(progress.owner, isPaused ? 'PAUSED' : 'RUNNING', wishes.whoPauses())
  wishes.nowPaused(isPaused)
  return { ...progress, isPaused }
}

/** Anything that the next epoch would be in the way of. */
export function isWanted({ wishes }: Control): boolean {
  return wishes.isToPause() || wishes.savepoint() !== 'none'
}

export function isPausing({ wishes }: Control): boolean {
  return wishes.isToPause() && wishes.savepoint() === 'none'
}
