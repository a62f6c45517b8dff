import { reportError } from '../../core/errors/job-error.js'
import type { AlertDeps } from './deps.js'

export interface Evaluation {
  readonly raised: number
  readonly resolved: number
  readonly told: number
  /** Rules that could not be evaluated. */
  readonly failed: number
}

/** Every rule by itself: one that cannot be evaluated keeps none of the others. Asked again: what has changed since. */
export async function evaluateAlerts(deps: AlertDeps, which: 'ALL' | 'AT_ONCE'): Promise<Evaluation> {
  const sum = { raised: 0, resolved: 0, told: 0, failed: 0 }
  for (const ruleId of await deps.alerts.rulesToEvaluate(which)) {
    try {
      const { raised, resolved, told } = await deps.alerts.evaluate(ruleId, new Date(deps.now()))
      sum.raised += raised
      sum.resolved += resolved
      sum.told += told
    } catch (error) {
      const { code, message } = reportError(error)
      if (code === 'mysql.away') throw error
      sum.failed += 1
      deps.warn({ ruleId, code, error: message }, 'an alert rule could not be evaluated')
    }
  }
  return sum
}
