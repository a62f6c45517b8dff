import { setTimeout as sleep } from 'node:timers/promises'
import type { Owner } from '../core/execution/effects.js'
import { cancelledError } from '../engine/cancel.js'
import type { ActivityDeps, Call } from './deps.js'
import { drawPlan } from './plan-epoch.js'

const pollMs = 1000

/** Waits until a source has input; writes nothing (DESIGN, Waiting is not working). */
export async function awaitInput(deps: ActivityDeps, call: Call, owner: Owner): Promise<void> {
  for (;;) {
    const { record, restored, used } = await deps.journal.standing(owner.executionId)
    const drawn = await drawPlan(deps, call, record, restored, used + 1)
    if (drawn !== 'idle') return
    call.heartbeat({})
    await sleep(pollMs, undefined, { signal: call.signal }).catch(() => {
      throw cancelledError()
    })
  }
}
