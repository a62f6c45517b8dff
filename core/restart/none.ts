import type { Evaluation, RestartMemory } from './strategy.js'

export function evaluateNone(memory: RestartMemory): Evaluation {
  return {
    decision: 'FAIL',
    delayMs: 0,
    reason: 'The restart strategy is NONE, so the first failure ends the execution.',
    memory,
  }
}
