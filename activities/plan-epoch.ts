import type { Owner } from '../core/execution/effects.js'
import type { CompletedCheckpoint, ExecutionRecord, Standing } from '../core/execution/journal.js'
import type { Next, Plan } from '../core/execution/plan.js'
import { phaseNumbered } from '../core/graph/phase.js'
import { type PlanInput, planEpoch as planSources } from '../engine/plan-epoch.js'
import { type ActivityDeps, type Call, limitsOf } from './deps.js'
import { forExecution } from './for-execution.js'

/** Plans the epoch after the newest checkpoint, and makes the plan durable; asked again, the first plan is the answer (I1). */
export async function planEpoch(deps: ActivityDeps, call: Call, owner: Owner, drains = false): Promise<Next> {
  const standing = await deps.journal.standing(owner.executionId)
  return standing.pending === null ? await planAfter(deps, call, owner, standing, drains) : asNext(standing.pending)
}

export async function planAfter(
  deps: ActivityDeps,
  call: Call,
  owner: Owner,
  { record, restored, used }: Standing,
  drains = false,
): Promise<Next> {
  const drawn = await drawPlan(deps, call, record, restored, used + 1, drains)
  return typeof drawn === 'string' ? { kind: drawn } : asNext(await deps.journal.storePlan(owner, drawn))
}

/** Where an epoch has ended, and what was known then of what comes next. */
type Ended = Pick<CompletedCheckpoint, 'phase' | 'positions' | 'watermarks' | 'next'>

/** The plan after a checkpoint, not stored yet. `drains`: side inputs are still read to their end, whoever needs them fires then. */
export async function drawPlan(
  deps: ActivityDeps,
  call: Call,
  record: ExecutionRecord,
  after: Ended | null,
  epoch: number,
  drains = false,
): Promise<Plan | 'idle' | 'exhausted'> {
  const input = planInput(deps, record, after, epoch, drains)
  if (input === 'exhausted') return input
  return await planSources({ ...input, budget: (await limitsOf(deps)).budget }, deps.parts, call.signal)
}

/** What a plan is drawn from; the budget is the system's. */
export function planInput(
  deps: ActivityDeps,
  record: ExecutionRecord,
  after: Ended | null,
  epoch: number,
  drains = false,
): PlanInput | 'exhausted' {
  const { phases } = record.graph
  const number = after === null ? (phases[0]?.number ?? 1) : phaseAfter(after)
  if (!phases.some((phase) => phase.number === number)) return 'exhausted'
  return {
    ...forExecution(record),
    phase: phaseNumbered(record.graph, number),
    epoch,
    at: new Date(deps.now()).toISOString(),
    positions: after?.positions ?? {},
    watermarks: after?.watermarks ?? {},
    drains: drains && number === phases.at(-1)?.number,
  }
}

/** That a phase has ended is seen at its last checkpoint only, and kept in what that says of the next epoch. */
function phaseAfter({ phase, next }: Ended): number {
  return next.kind === 'plan' || next.kind === 'idle' ? (next.phase ?? phase) : phase
}

export function asNext(plan: Plan): Next {
  return { kind: 'plan', epoch: plan.epoch, phase: plan.phase, notBefore: null }
}
