import { formatDuration } from '../spec/duration.js'
import type { Evaluation, RestartConfig, RestartMemory } from './strategy.js'

/** As many restarts as allowed, each after the same delay. */
export function evaluateFixedDelay(
  config: Extract<RestartConfig, { strategy: 'FIXED_DELAY' }>,
  memory: RestartMemory,
): Evaluation {
  const failures = memory.restarts + 1
  const next = { ...memory, restarts: failures }
  if (config.maxRestarts !== 'UNLIMITED' && failures > config.maxRestarts) {
    const reason = `Failure ${failures} is one more than the ${config.maxRestarts} restarts allowed.`
    return { decision: 'FAIL', delayMs: 0, reason, memory: next }
  }
  const of = config.maxRestarts === 'UNLIMITED' ? 'without limit' : `of ${config.maxRestarts}`
  const reason = `Restart ${failures} ${of}, after a fixed delay of ${formatDuration(config.delayMs)}.`
  return { decision: 'RESTART', delayMs: config.delayMs, reason, memory: next }
}
