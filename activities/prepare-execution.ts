import type { Prepared } from '../core/execution/effects.js'
import type { ExecutionRecord, Journal, WorkflowReference } from '../core/execution/journal.js'
import { outlinePhases } from '../core/execution/outline.js'
import type { Next, Plan } from '../core/execution/plan.js'
import { prepareSinks } from '../engine/sinks.js'
import type { ActivityDeps, Call } from './deps.js'
import { planFrom } from './plan-epoch.js'

/**
 * Admission, the lineage's next generation, the sinks' progress rows and the first plan. The restore point is the
 * newest COMPLETED checkpoint of the lineage, with the pending plan if there is one (I4).
 */
export async function prepareExecution(
  deps: ActivityDeps,
  call: Call,
  executionId: string,
  workflow: WorkflowReference | null,
): Promise<Prepared | 'waiting'> {
  const { journal } = deps
  const admission = await journal.admit(executionId, workflow)
  if (admission.kind === 'waiting') return 'waiting'
  const { owner } = admission
  const record = await journal.execution(executionId)
  const restored = await journal.restorePoint(executionId)
  const pending = await journal.pendingPlan(executionId)

  const epoch = pending?.epoch ?? (restored?.epoch ?? 0) + 1
  await prepareSinks(
    sinkRun(record, pending),
    deps.parts,
    { ...owner, epoch, activityAttempt: call.activityAttempt },
    call.signal,
  )
  if (restored !== null)
    await journal.event(executionId, {
      type: 'RESTORED',
      level: 'INFO',
      message: `Continues after epoch ${restored.epoch} from checkpoint ${restored.checkpointId}.`,
      details: { checkpointId: restored.checkpointId, epoch: restored.epoch },
    })
  return {
    owner,
    phases: outlinePhases(record.graph),
    next: await firstNext(deps, call, record, owner, pending, restored?.next ?? null),
    checkpointTimeoutMs: record.settings.checkpoint.timeoutMs,
    heartbeatTimeoutMs: deps.heartbeatTimeoutMs,
    timeoutMs: record.settings.timeoutMs,
    tolerableFailures: record.settings.checkpoint.tolerableFailures,
  }
}

async function firstNext(
  deps: ActivityDeps,
  call: Call,
  record: ExecutionRecord,
  owner: Parameters<Journal['storePlan']>[0],
  pending: Plan | null,
  restored: Next | null,
): Promise<Next> {
  if (pending !== null) return { kind: 'plan', epoch: pending.epoch, phase: pending.phase, notBefore: null }
  if (restored?.kind === 'exhausted') return restored
  return await planFrom(deps, call, record, owner)
}

/** What sinks are opened for: the settings and values of the execution. */
export function sinkRun(record: ExecutionRecord, pending: Plan | null) {
  return {
    graph: record.graph,
    settings: record.settings,
    executionId: record.executionId,
    lineageId: record.lineageId,
    parameters: record.parameters,
    logicalTime: record.logicalTime,
    at: pending?.at ?? record.logicalTime,
  }
}
