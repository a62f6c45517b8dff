import { formatDuration } from '../spec/duration.js'
import type { Evaluation, RestartConfig, RestartMemory } from './strategy.js'

type Config = Extract<RestartConfig, { strategy: 'EXPONENTIAL_BACKOFF' }>

/**
 * Each restart waits longer, up to a limit; a long time without failure starts over. Failures that come before the
 * restart that is already due belong to the same trouble, and count as one.
 */
export function evaluateExponentialBackoff(
  config: Config,
  memory: RestartMemory,
  failureAtMs: number,
  jitterSample: number,
): Evaluation {
  const due = memory.nextRestartAtMs
  if (due !== null && failureAtMs <= due) return merged(config, memory, due - failureAtMs)
  const quietMs = due === null ? null : failureAtMs - due
  const reset = quietMs !== null && quietMs >= config.resetAfterMs && memory.backoffAttempt > 0
  const attempt = reset ? 0 : memory.backoffAttempt
  const delayMs = backoff(config, attempt, jitterSample)
  const next: RestartMemory = {
    ...memory,
    restarts: memory.restarts + 1,
    nextRestartAtMs: failureAtMs + delayMs,
    backoffAttempt: attempt + 1,
  }
  if (exceeds(config, attempt + 1)) return refusal(config, attempt + 1, next)
  const of = config.maxRestarts === 'UNLIMITED' ? 'without limit' : `of ${config.maxRestarts}`
  const since = reset
    ? ` ${formatDuration(quietMs)} without failure reached the reset threshold of ${formatDuration(config.resetAfterMs)}, so the backoff starts over.`
    : ''
  const reason = `Restart ${attempt + 1} ${of}, after ${formatDuration(delayMs)} (${formula(config, attempt)}).${since}`
  return { decision: 'RESTART', delayMs, reason, memory: next }
}

function merged(config: Config, memory: RestartMemory, delayMs: number): Evaluation {
  if (exceeds(config, memory.backoffAttempt)) return refusal(config, memory.backoffAttempt, memory)
  const reason = `Restart ${memory.backoffAttempt} is due in ${formatDuration(delayMs)} anyway; this failure is counted with the one before.`
  return { decision: 'RESTART', delayMs, reason, memory }
}

function refusal(config: Config, attempt: number, memory: RestartMemory): Evaluation {
  const reason = `Failure ${attempt} without a quiet time of ${formatDuration(config.resetAfterMs)} is one more than the ${config.maxRestarts} restarts allowed.`
  return { decision: 'FAIL', delayMs: 0, reason, memory }
}

function exceeds(config: Config, attempt: number): boolean {
  return config.maxRestarts !== 'UNLIMITED' && attempt > config.maxRestarts
}

/** Jitter comes before the limits, so that it can neither pass the maximum nor undercut the first delay. */
function backoff(config: Config, attempt: number, jitterSample: number): number {
  const base = Math.trunc(Math.min(config.initialDelayMs * config.multiplier ** attempt, Number.MAX_SAFE_INTEGER / 2))
  const jitter = Math.round(Math.trunc(base * config.jitter) * jitterSample)
  return Math.max(config.initialDelayMs, Math.min(base + jitter, config.maxDelayMs))
}

function formula(config: Config, attempt: number): string {
  const jitter = config.jitter === 0 ? '' : `, jitter ${config.jitter}`
  return `${formatDuration(config.initialDelayMs)} × ${config.multiplier}^${attempt}${jitter}, at most ${formatDuration(config.maxDelayMs)}`
}
