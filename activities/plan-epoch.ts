import type { Owner } from '../core/execution/effects.js'
import type { CompletedCheckpoint, ExecutionRecord } from '../core/execution/journal.js'
import type { Next, Plan } from '../core/execution/plan.js'
import { phaseNumbered } from '../core/graph/phase.js'
import { planEpoch as planSources } from '../engine/plan-epoch.js'
import { type ActivityDeps, type Call, limitsOf } from './deps.js'
import { forExecution } from './for-execution.js'

/** Plans the epoch after the newest checkpoint, and makes the plan durable; asked again, the first plan is the answer (I1). */
export async function planEpoch(deps: ActivityDeps, call: Call, owner: Owner): Promise<Next> {
  const { record, pending, restored } = await deps.journal.standing(owner.executionId)
  return pending === null ? await planAfter(deps, call, record, owner, restored) : asNext(pending)
}

export async function planAfter(
  deps: ActivityDeps,
  call: Call,
  record: ExecutionRecord,
  owner: Owner,
  restored: CompletedCheckpoint | null,
): Promise<Next> {
  const drawn = await drawPlan(deps, call, record, restored)
  return typeof drawn === 'string' ? { kind: drawn } : asNext(await deps.journal.storePlan(owner, drawn))
}

/** Where an epoch has ended, and what was known then of what comes next. */
type Ended = Pick<CompletedCheckpoint, 'epoch' | 'phase' | 'positions' | 'next'>

/** The plan after a checkpoint, not stored yet. */
export async function drawPlan(
  deps: ActivityDeps,
  call: Call,
  record: ExecutionRecord,
  after: Ended | null,
): Promise<Plan | 'idle' | 'exhausted'> {
  const first = record.graph.phases[0]?.number ?? 1
  const number = after === null ? first : phaseAfter(after)
  if (!record.graph.phases.some((phase) => phase.number === number)) return 'exhausted'
  return await planSources(
    {
      ...forExecution(record),
      phase: phaseNumbered(record.graph, number),
      epoch: (after?.epoch ?? 0) + 1,
      at: new Date(deps.now()).toISOString(),
      positions: after?.positions ?? {},
      budget: (await limitsOf(deps)).budget,
    },
    deps.parts,
    call.signal,
  )
}

/** That a phase has ended is seen at its last checkpoint only, and kept in what that says of the next epoch. */
function phaseAfter({ phase, next }: Ended): number {
  return next.kind === 'plan' || next.kind === 'idle' ? (next.phase ?? phase) : phase
}

export function asNext(plan: Plan): Next {
  return { kind: 'plan', epoch: plan.epoch, phase: plan.phase, notBefore: null }
}
