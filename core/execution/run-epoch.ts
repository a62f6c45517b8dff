/** One epoch of the loop: its stages in turn, then its checkpoint. */
import { allOf } from '../all-of.js'
import { phaseNumbered } from '../graph/phase.js'
import type { ChainReceipt } from './chain-task.js'
import type { Control } from './control.js'
import type { ExecutionEffects, Owner, PhaseOutline, VertexOutline } from './effects.js'
import { isToDrop, isWanted } from './heed-wishes.js'
import type { Next } from './plan.js'
import type { Progress } from './progress.js'

/** Broken off, it is where it was: its plan is to be dropped. */
export async function runEpoch(
  progress: Progress,
  next: Extract<Next, { kind: 'plan' }>,
  control: Control,
  effects: ExecutionEffects,
): Promise<Progress> {
  const { prepared, owner } = progress
  const done: { receipts: readonly ChainReceipt[] | null } = { receipts: null }
  await control.wishes.unless(
    () => isToDrop(progress, control),
    async () => {
      await untilDue(next.notBefore, effects)
      done.receipts = await runStages(owner, phaseNumbered(prepared, next.phase), next, effects)
    },
  )
  const { receipts } = done
  if (receipts === null) return progress
  const epoch = { owner, epoch: next.epoch, phase: next.phase, receipts }
  const after = await effects.triggerCheckpoint(isWanted(control) ? { ...epoch, leaveUnplanned: true } : epoch)
  const { mustFinish: _finished, ...rest } = progress
  return { ...rest, next: after, checkpointFailures: 0 }
}

async function runStages(
  owner: Owner,
  phase: PhaseOutline,
  next: Extract<Next, { kind: 'plan' }>,
  effects: ExecutionEffects,
): Promise<readonly ChainReceipt[]> {
  const receipts: ChainReceipt[] = []
  for (const stage of phase.stages) {
    const tasks = stage.flatMap((vertex) => subtasksOf(vertex).map((subtask) => ({ vertex, subtask })))
    // All of a stage is awaited before a failure is answered, so that no subtask of this attempt runs beside the next.
    receipts.push(
      ...(await allOf(tasks.map(({ vertex, subtask }) => runSubtask(owner, next, vertex, subtask, receipts, effects)))),
    )
  }
  return receipts
}

export async function untilDue(notBefore: string | null, effects: ExecutionEffects): Promise<void> {
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

function subtasksOf(vertex: VertexOutline): number[] {
  return Array.from({ length: vertex.parallelism }, (_, subtask) => subtask)
}
