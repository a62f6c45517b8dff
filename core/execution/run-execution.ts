/** The epoch loop (DESIGN section 5): prepare, then plan, run and checkpoint in turn until the sources are exhausted. */
import { allOf } from '../all-of.js'
import { CODES } from '../errors/codes.js'
import { JobError, reportError, toJobError } from '../errors/job-error.js'
import { phaseNumbered } from '../graph/phase.js'
import type { ChainReceipt } from './chain-task.js'
import type { Control } from './control.js'
import type {
  ExecutionEffects,
  Outcome,
  Owner,
  PhaseOutline,
  Prepared,
  RestartDecision,
  VertexOutline,
} from './effects.js'
import type { Next } from './plan.js'

/** Everything the loop knows: what a workflow carries into its next run. */
export interface Progress {
  readonly prepared: Prepared
  readonly owner: Owner
  readonly next: Next
  readonly checkpointFailures: number
  /** Its status says so. */
  readonly isPaused?: boolean
}

export type Ending =
  | { readonly kind: 'ended'; readonly outcome: Outcome }
  | { readonly kind: 'handOver'; readonly progress: Progress }

export async function runExecution(
  executionId: string,
  control: Control,
  effects: ExecutionEffects,
  carried: Progress | null = null,
): Promise<Ending> {
  let progress = carried
  let failure: JobError | null = null
  let delayMs = 0
  for (;;) {
    try {
      if (failure !== null) {
        const decision: RestartDecision = await decide(executionId, failure, progress, effects)
        if (!decision.restart) return await end(progress, executionId, failed(failure), effects)
        progress = progress && nextAttempt(progress, decision, failure)
        delayMs = decision.delayMs
        failure = null
      }
      if (delayMs > 0) await effects.sleep(delayMs)
      delayMs = 0
      if (progress === null) progress = await prepare(executionId, effects)
      if (control.wishes.savepoint() !== 'none' && progress.next.kind !== 'plan') {
        if (await savepoint(progress.owner, control, effects)) continue
        return await end(progress, executionId, stopped, effects)
      }
      progress = await heedPause(progress, control, effects)
      if (progress.isPaused === true) await control.wishes.whilePaused()
      else if (progress.next.kind === 'exhausted') return await end(progress, executionId, completed, effects)
      else progress = { ...progress, next: await advance(progress, control, effects), checkpointFailures: 0 }
      if (control.shouldHandOver()) return { kind: 'handOver', progress }
    } catch (error) {
      const deciding: boolean = failure !== null
      failure = cutShortError(control) ?? toJobError(error)
      if (deciding || !canRestart(failure)) return await end(progress, executionId, failed(failure), effects)
    }
  }
}

const completed: Outcome = { status: 'COMPLETED', error: null }
const stopped: Outcome = { status: 'COMPLETED', error: null, isStopped: true }

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

/** With no plan pending, so that the savepoint is all there is to go on from. Answers whether the execution goes on. */
async function savepoint(owner: Owner, { wishes }: Control, effects: ExecutionEffects): Promise<boolean> {
  const kind = wishes.savepoint()
  wishes.nowSaved(await effects.takeSavepoint(owner), kind)
  return kind !== 'stop'
}

/** A pending epoch is finished before a savepoint, paused or not. */
async function heedPause(progress: Progress, { wishes }: Control, effects: ExecutionEffects): Promise<Progress> {
  const isPaused = wishes.isToPause() && wishes.savepoint() === 'none'
  if (isPaused === (progress.isPaused ?? false)) return progress
  await effects.setStatus(progress.owner, isPaused ? 'PAUSED' : 'RUNNING')
  wishes.nowPaused(isPaused)
  return { ...progress, isPaused }
}

/** One step: from what is next to what is next after it. */
async function advance(
  { prepared, owner, next }: Progress,
  control: Control,
  effects: ExecutionEffects,
): Promise<Next> {
  const { wishes } = control
  const isWanted = () => wishes.isToPause() || wishes.savepoint() !== 'none'
  switch (next.kind) {
    case 'plan':
      return await runEpoch(owner, phaseNumbered(prepared, next.phase), next, isWanted, effects)
    case 'unplanned':
      await wishes.unlessWanted(() => untilDue(next.notBefore ?? null, effects))
      return isWanted() ? next : await effects.planEpoch(owner)
    case 'idle':
      await wishes.unlessWanted(() => effects.awaitInput(owner))
      return isWanted() ? next : await effects.planEpoch(owner)
    case 'exhausted':
      return next
  }
}

async function runEpoch(
  owner: Owner,
  phase: PhaseOutline,
  next: Extract<Next, { kind: 'plan' }>,
  isWanted: () => boolean,
  effects: ExecutionEffects,
): Promise<Next> {
  await untilDue(next.notBefore, effects)
  const receipts: ChainReceipt[] = []
  for (const stage of phase.stages) {
    const tasks = stage.flatMap((vertex) => subtasksOf(vertex).map((subtask) => ({ vertex, subtask })))
    // All of a stage is awaited before a failure is answered, so that no subtask of this attempt runs beside the next.
    receipts.push(
      ...(await allOf(tasks.map(({ vertex, subtask }) => runSubtask(owner, next, vertex, subtask, receipts, effects)))),
    )
  }
  const done = { owner, epoch: next.epoch, phase: next.phase, receipts }
  return await effects.triggerCheckpoint(isWanted() ? { ...done, leaveUnplanned: true } : done)
}

async function untilDue(notBefore: string | null, effects: ExecutionEffects): Promise<void> {
  const waitMs = notBefore === null ? 0 : Date.parse(notBefore) - effects.now()
  if (waitMs > 0) await effects.sleep(waitMs)
}

function runSubtask(
  owner: Owner,
  next: Extract<Next, { kind: 'plan' }>,
  vertex: VertexOutline,
  subtask: number,
  receipts: readonly ChainReceipt[],
  effects: ExecutionEffects,
): Promise<ChainReceipt> {
  return effects.runChain(
    {
      executionId: owner.executionId,
      fence: { generation: owner.generation, attempt: owner.attempt, epoch: next.epoch },
      vertexId: vertex.vertexId,
      subtask,
      phase: next.phase,
      upstream: receipts.filter((r) => vertex.upstream.includes(r.vertexId)).map((r) => r.reference),
    },
    `epoch ${next.epoch} · ${vertex.name} · subtask ${subtask}/${vertex.parallelism}`,
  )
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
  return { kind: 'ended', outcome: status === outcome.status ? outcome : { status, error: null } }
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

function subtasksOf(vertex: VertexOutline): number[] {
  return Array.from({ length: vertex.parallelism }, (_, subtask) => subtask)
}
