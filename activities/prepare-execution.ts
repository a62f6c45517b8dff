import { allOf } from '../core/all-of.js'
import { JobError } from '../core/errors/job-error.js'
import type { Problem } from '../core/errors/problem.js'
import type { Owner, Prepared } from '../core/execution/effects.js'
import type {
  CompletedCheckpoint,
  ExecutionEvent,
  ExecutionRecord,
  Standing,
  WorkflowReference,
} from '../core/execution/journal.js'
import { outlinePhases } from '../core/execution/outline.js'
import type { Next } from '../core/execution/plan.js'
import { prepareSinks } from '../engine/sinks.js'
import type { ActivityDeps, Call } from './deps.js'
import { settlePending } from './drop-plan.js'
import { sinkRun } from './for-execution.js'
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
  const { owner } = admission
  const standing = await freeOfOldPlan(deps, call, owner, admission.standing)
  const { record, restored, pending, unfit } = standing
  if (unfit.length > 0 && !record.allowsNonRestoredState) throw notRestored(unfit)
  const fence = { ...owner, epoch: pending?.epoch ?? standing.used + 1, activityAttempt: call.activityAttempt }
  const [next] = await allOf([
    firstNext(deps, call, owner, standing),
    prepareSinks(sinkRun(record, pending), deps.parts, fence, call.signal),
  ])
  if (restored !== null) await journal.event(executionId, restoredEvent(restored, record, unfit))
  return {
    owner,
    phases: outlinePhases(record.graph),
    next,
    checkpointTimeoutMs: record.settings.checkpoint.timeoutMs,
    heartbeatTimeoutMs: deps.heartbeatTimeoutMs,
    timeoutMs: record.settings.timeoutMs,
    tolerableFailures: record.settings.checkpoint.tolerableFailures,
    canStop: record.settings.type === 'STREAMING',
    isBehind: record.isBehind,
  }
}

/**
 * A plan of another version of the job is dropped, and its input planned anew; so is one that drains, which is over with
 * the execution that was asked to. If a sink shows it, it is finished first, with the graph that it was planned for (I1).
 */
async function freeOfOldPlan(deps: ActivityDeps, call: Call, owner: Owner, standing: Standing): Promise<Standing> {
  if (!standing.record.isBehind && standing.pending?.drains !== true) return standing
  await settlePending(deps, call, owner, standing)
  return await deps.journal.standing(owner.executionId)
}

function notRestored(unfit: readonly Problem[]): JobError {
  const told = unfit.map(({ message }) => message).join(' ')
  return new JobError('state.unfit', `The newest version of the job does not fit its checkpoint. ${told}`, {
    hint: 'Restart it with allowNonRestoredState to leave behind what does not fit, or mend the job.',
  })
}

function restoredEvent(
  { checkpointId, epoch }: CompletedCheckpoint,
  { isBehind, jobVersion }: ExecutionRecord,
  unfit: readonly Problem[],
): ExecutionEvent {
  const left = unfit.map(({ message }) => ` Left behind: ${message}`).join('')
  const before = isBehind
    ? ` A sink shows the epoch that was pending: it is finished first, with version ${jobVersion}.`
    : ''
  return {
    type: 'RESTORED',
    level: unfit.length > 0 ? 'WARNING' : 'INFO',
    message: `Continues after epoch ${epoch} from checkpoint ${checkpointId}.${before}${left}`,
    details: { checkpointId, epoch },
  }
}

async function firstNext(deps: ActivityDeps, call: Call, owner: Owner, standing: Standing): Promise<Next> {
  const { pending, restored } = standing
  if (pending !== null) return asNext(pending)
  if (restored?.next.kind === 'exhausted') return restored.next
  return await planAfter(deps, call, owner, standing)
}
