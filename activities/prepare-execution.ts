import { allOf } from '../core/all-of.js'
import type { Owner, Prepared } from '../core/execution/effects.js'
import type { ExecutionRecord, Standing, WorkflowReference } from '../core/execution/journal.js'
import { outlinePhases } from '../core/execution/outline.js'
import type { Next, Plan } from '../core/execution/plan.js'
import { prepareSinks } from '../engine/sinks.js'
import type { ActivityDeps, Call } from './deps.js'
import { forExecution } from './for-execution.js'
import { asNext, planAfter } from './plan-epoch.js'

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
  const { owner, standing } = admission
  const { record, restored, pending } = standing
  const epoch = pending?.epoch ?? (restored?.epoch ?? 0) + 1
  const fence = { ...owner, epoch, activityAttempt: call.activityAttempt }
  const [next] = await allOf([
    firstNext(deps, call, owner, standing),
    prepareSinks(sinkRun(record, pending), deps.parts, fence, call.signal),
  ])
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
    next,
    checkpointTimeoutMs: record.settings.checkpoint.timeoutMs,
    heartbeatTimeoutMs: deps.heartbeatTimeoutMs,
    timeoutMs: record.settings.timeoutMs,
    tolerableFailures: record.settings.checkpoint.tolerableFailures,
    canStop: record.settings.type === 'STREAMING',
  }
}

async function firstNext(
  deps: ActivityDeps,
  call: Call,
  owner: Owner,
  { record, pending, restored }: Standing,
): Promise<Next> {
  if (pending !== null) return asNext(pending)
  if (restored?.next.kind === 'exhausted') return restored.next
  return await planAfter(deps, call, record, owner, restored)
}

/** What sinks are opened for: the settings and values of the execution. */
export function sinkRun(record: ExecutionRecord, pending: Plan | null) {
  return { ...forExecution(record), at: pending?.at ?? record.logicalTime }
}
