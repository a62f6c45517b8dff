/** The epoch loop (DESIGN section 5): prepare, then plan, run and checkpoint in turn until the sources are exhausted. */
import { CODES } from '../errors/codes.js'
import { JobError, reportError, toJobError } from '../errors/job-error.js'
import type { Control, Savepoint } from './control.js'
import type { ExecutionEffects, Outcome, RestartDecision } from './effects.js'
import { delay, drain, drop, heedPause, isAtWork, isOutdated, isToDrop, isWanted, savepoint } from './heed-wishes.js'
import type { Ending, Progress } from './progress.js'
import { runEpoch, untilDue } from './run-epoch.js'
import type { TerminalStatus } from './status.js'

export async function runExecution(
  executionId: string,
  control: Control,
  effects: ExecutionEffects,
  carried: Progress | null = null,
): Promise<Ending> {
  let progress = carried
  let failure: JobError | null = null
  for (let steps = 0; ; steps += 1) {
    try {
      if (failure !== null) {
        const decision: RestartDecision = await decide(executionId, failure, progress, effects)
        if (!decision.restart) return await end(progress, executionId, failed(failure), effects)
        progress = progress && nextAttempt(progress, decision, failure)
        failure = null
        await delay(decision.delayMs, progress, control, effects)
      }
      if (progress?.next.kind === 'exhausted' && progress.next.ended !== undefined) return endedAs(progress.next.ended)
      // Whatever a step came to: a history must not grow without end by failures either.
      if (steps > 0 && control.shouldHandOver()) return { kind: 'handOver', progress }
      if (progress === null || isOutdated(progress)) progress = await prepare(executionId, effects)
      if (isToDrop(progress, control)) {
        const dropped: Awaited<ReturnType<typeof drop>> = await drop(progress, effects)
        progress = dropped.progress
        if (dropped.failure !== undefined) throw dropped.failure
      }
      if (control.wishes.savepoint() === 'drain' && !isAtWork(progress)) progress = await drain(progress, effects)
      if (control.wishes.savepoint() !== 'none' && progress.next.kind !== 'plan') {
        const kind = await savepoint(progress.owner, control, effects)
        if (kind === 'continue') continue
        return await end(progress, executionId, stopped(kind, control), effects)
      }
      progress = await heedPause(progress, control, effects)
      if (progress.isPaused === true) await control.wishes.whilePaused()
      else if (progress.next.kind === 'exhausted') return await end(progress, executionId, completed, effects)
      else progress = await advance(progress, control, effects)
    } catch (error) {
      const deciding: boolean = failure !== null
      failure = cutShortError(control) ?? toJobError(error)
      if (deciding || !canRestart(failure)) return await end(progress, executionId, failed(failure), effects)
    }
  }
}

const completed: Outcome = { status: 'COMPLETED', error: null }

function stopped(kind: Savepoint, { wishes }: Control): Outcome {
  const outcome = { status: 'COMPLETED', error: null, isStopped: true, by: wishes.whoSaves() } as const
  return kind === 'drain' ? { ...outcome, isDrained: true } : outcome
}

function failed(failure: JobError): Outcome {
  return { status: failure.code === 'cancelled' ? 'CANCELLED' : 'FAILED', error: reportError(failure) }
}

function canRestart(failure: JobError): boolean {
  return CODES[failure.code].onFailure !== 'FAIL'
}

async function prepare(executionId: string, effects: ExecutionEffects): Promise<Progress> {
  for (;;) {
    const prepared = await effects.prepare(executionId)
    if (prepared !== 'waiting') return { prepared, owner: prepared.owner, next: prepared.next, checkpointFailures: 0 }
    await effects.untilAdmitted()
  }
}

/** One step: from what is next to what is next after it. */
async function advance(progress: Progress, control: Control, effects: ExecutionEffects): Promise<Progress> {
  const { owner, next } = progress
  const isHeeded = () => isWanted(control)
  switch (next.kind) {
    case 'plan':
      return await runEpoch(progress, next, control, effects)
    case 'unplanned':
      await control.wishes.unless(isHeeded, () => untilDue(next.notBefore ?? null, effects))
      break
    case 'idle':
      await control.wishes.unless(isHeeded, () => effects.awaitInput(owner))
      break
    case 'exhausted':
      return progress
  }
  return isHeeded() ? progress : { ...progress, next: await effects.planEpoch(owner, false), checkpointFailures: 0 }
}

async function decide(
  executionId: string,
  failure: JobError,
  progress: Progress | null,
  effects: ExecutionEffects,
): Promise<RestartDecision> {
  return await effects.evaluateRestart(progress?.owner ?? null, executionId, {
    error: reportError(failure),
    epoch: progress?.next.kind === 'plan' ? progress.next.epoch : null,
    vertexId: failure.nodeId ?? null,
    atMs: effects.now(),
    tolerated: progress !== null && isTolerated(failure, progress),
  })
}

function isTolerated(failure: JobError, progress: Progress): boolean {
  return failure.code === 'checkpoint.timeout' && progress.checkpointFailures < progress.prepared.tolerableFailures
}

/** The same plan again, under the next attempt (I4). */
function nextAttempt(progress: Progress, decision: RestartDecision, failure: JobError): Progress {
  return {
    ...progress,
    owner: { ...progress.owner, attempt: decision.attempt },
    checkpointFailures: isTolerated(failure, progress) ? progress.checkpointFailures + 1 : 0,
  }
}

async function end(
  progress: Progress | null,
  executionId: string,
  outcome: Outcome,
  effects: ExecutionEffects,
): Promise<Ending> {
  const status = await effects.finish(progress?.owner ?? null, executionId, outcome)
  return status === outcome.status ? { kind: 'ended', outcome } : endedAs(status)
}

function endedAs(status: TerminalStatus): Ending {
  return { kind: 'ended', outcome: { status, error: null } }
}

function cutShortError(control: Control): JobError | null {
  const reason = control.cutShort()
  if (reason === null) return null
  return reason === 'timeout'
    ? new JobError('execution.timeout', 'The execution took longer than its timeout allows.', {
        hint: 'Raise `timeout` in the job, or look at the operators for the slow one.',
      })
    : new JobError('cancelled', 'The execution was cancelled.')
}
