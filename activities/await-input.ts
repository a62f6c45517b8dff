import type { Owner } from '../core/execution/effects.js'
import { awaitSources, pause, pollMs } from '../engine/await-input.js'
import { releaseExecution } from '../engine/sessions.js'
import type { ActivityDeps, Call } from './deps.js'
import { drawPlan, planInput } from './plan-epoch.js'

/** After this long, what an execution holds in this process is worth less than its memory. */
const forgottenAfterMs = 60_000

/**
 * Waits until a source has input; writes nothing, and asks the catalogue once only: while it waits, nobody else may plan
 * (DESIGN, Waiting is not working). What sources say is tried by a plan, so that a wrong guess does not end the waiting.
 */
export async function awaitInput(deps: ActivityDeps, call: Call, owner: Owner): Promise<void> {
  const { record, restored, used } = await deps.journal.standing(owner.executionId)
  const forgotten = setTimeout(() => releaseExecution(owner.executionId), forgottenAfterMs)
  try {
    for (;;) {
      const input = planInput(deps, record, restored, used + 1)
      if (input === 'exhausted') return
      await awaitSources(input, deps.parts, call.signal)
      if ((await drawPlan(deps, call, record, restored, used + 1)) !== 'idle') return
      await pause(pollMs, call.signal)
    }
  } finally {
    clearTimeout(forgotten)
  }
}
