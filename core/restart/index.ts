import { evaluateExponentialBackoff } from './exponential-backoff.js'
import { evaluateFailureRate } from './failure-rate.js'
import { evaluateFixedDelay } from './fixed-delay.js'
import { evaluateNone } from './none.js'
import { type Evaluation, noFailures, type RestartConfig, type RestartMemory } from './strategy.js'

/**
 * What the job's restart strategy decides about one failure, and why. Pure: the caller brings time and chance
 * (`jitterSample` from -1 to 1).
 */
export function evaluateRestart(
  config: RestartConfig,
  memory: RestartMemory,
  failureAtMs: number,
  jitterSample: number,
): Evaluation {
  switch (config.strategy) {
    case 'NONE':
      return evaluateNone(memory)
    case 'FIXED_DELAY':
      return evaluateFixedDelay(config, memory)
    case 'EXPONENTIAL_BACKOFF':
      return evaluateExponentialBackoff(config, memory, failureAtMs, jitterSample)
    case 'FAILURE_RATE':
      return evaluateFailureRate(config, memory, failureAtMs)
  }
}

export interface FailuresExplained {
  readonly restarts: readonly {
    readonly atMs: number
    readonly decision: 'RESTART' | 'FAIL'
    readonly delayMs: number
    readonly reason: string
  }[]
}

/** What it would decide at each of these failures, without jitter. */
export function explainFailures(config: RestartConfig, atMs: readonly number[]): FailuresExplained {
  let memory = noFailures
  const restarts = atMs.map((at) => {
    const { decision, delayMs, reason, memory: next } = evaluateRestart(config, memory, at, 0)
    memory = next
    return { atMs: at, decision, delayMs, reason }
  })
  return { restarts }
}
