import { formatDuration } from '../spec/duration.js'
import type { Evaluation, RestartConfig, RestartMemory } from './strategy.js'

/** So many failures within an interval are tolerated; the next one within it ends the execution. */
export function evaluateFailureRate(
  config: Extract<RestartConfig, { strategy: 'FAILURE_RATE' }>,
  memory: RestartMemory,
  failureAtMs: number,
): Evaluation {
  const latest = [...memory.failuresAtMs, failureAtMs].slice(-(config.maxFailures + 1))
  const next = { ...memory, restarts: memory.restarts + 1, failuresAtMs: latest }
  const interval = formatDuration(config.intervalMs)
  const spanMs = failureAtMs - latest[0]!
  const full = latest.length > config.maxFailures
  if (full && spanMs <= config.intervalMs) {
    const reason = `${latest.length} failures within ${formatDuration(spanMs)}; ${config.maxFailures} within ${interval} are tolerated.`
    return { decision: 'FAIL', delayMs: 0, reason, memory: next }
  }
  const within = latest.filter((atMs) => failureAtMs - atMs <= config.intervalMs).length
  const reason = `Failure ${within} of ${config.maxFailures} tolerated within ${interval}; restart after ${formatDuration(config.delayMs)}.`
  return { decision: 'RESTART', delayMs: config.delayMs, reason, memory: next }
}
