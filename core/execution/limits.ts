/** What the whole system allows, where a job does not say otherwise: system settings, with the values of a new catalogue. */
import { type Budget, firstBudget } from './plan.js'

export interface BudgetLimits {
  /** Before the rate of a source is known. */
  readonly first: Budget
  /** Rolling back more than this takes seconds. */
  readonly most: Budget
}

export interface Limits {
  readonly budget: BudgetLimits
  readonly retainedCheckpoints: number
  /** Files of a running lineage that nothing names are removed from this age on. */
  readonly graceMs: number
  /** Between two samples of what runs in a worker; 0: none are taken. */
  readonly metricsIntervalMs: number
}

export const defaultLimits: Limits = {
  budget: { first: firstBudget, most: { records: 5_000_000, bytes: 1024 * 1024 * 1024 } },
  retainedCheckpoints: 3,
  graceMs: 60_000,
  metricsIntervalMs: 10_000,
}
