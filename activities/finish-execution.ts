import type { Outcome, Owner } from '../core/execution/effects.js'
import { releaseExecution } from '../engine/sessions.js'
import { finishSinks } from '../engine/sinks.js'
import type { ActivityDeps, Call } from './deps.js'
import { discardOld } from './discard-old.js'
import { sinkRun } from './prepare-execution.js'

/** Publishes what sinks kept back, then the final status; the next waiting execution of the job is told. */
export async function finishExecution(
  deps: ActivityDeps,
  call: Call,
  known: Owner | null,
  executionId: string,
  outcome: Outcome,
): Promise<void> {
  const record = await deps.journal.execution(executionId)
  const owner = known ?? { executionId, generation: record.generation, attempt: record.attempt }
  if (outcome.status === 'COMPLETED') {
    const epoch = (await deps.journal.restorePoint(executionId))?.epoch ?? 0
    const fence = { ...owner, epoch: epoch + 1, activityAttempt: call.activityAttempt }
    await finishSinks(sinkRun(record, null), deps.parts, fence, call.signal)
    // Before the status, so that no later execution of the lineage has begun.
    await discardOld(deps, { ...record, retained: record.settings.checkpoint.retained, isOver: true })
  }
  const { admitted } = await deps.journal.finish(owner, outcome.status, outcome.error)
  releaseExecution(executionId)
  await deps.signalAdmitted(admitted)
}
