/** When to raise an alert, and whom to tell. */
import type { Channel } from './channel.js'
import type { RuleType } from './rule-types.js'

export const LEVELS = ['INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const
export type AlertLevel = (typeof LEVELS)[number]

export const OPERATORS = ['>', '<', '=', '>=', '<='] as const
export type ConditionOperator = (typeof OPERATORS)[number]

export interface Condition {
  readonly operator: ConditionOperator
  readonly threshold: number
  /** How long it has to hold before the alert is raised. */
  readonly forMs: number
}

export type Scope =
  | { readonly kind: 'ALL' }
  | { readonly kind: 'JOB'; readonly jobId: string }
  | { readonly kind: 'TAG'; readonly tag: string }

/** What is told together: all alerts of the rule, or those of each job. */
export type GroupBy = 'RULE' | 'JOB'

export interface Rule extends Condition {
  readonly ruleId: string
  readonly name: string
  readonly type: RuleType
  readonly scope: Scope
  readonly level: AlertLevel
  readonly groupBy: GroupBy
  /** At most one notification of a group in so long. */
  readonly windowMs: number
  /** What is still firing and nobody has acknowledged is told again after it; 0: once is enough. */
  readonly repeatMs: number
  readonly tellsResolved: boolean
  readonly channels: Readonly<Record<string, Channel>>
}

export function holds(value: number, { operator, threshold }: Pick<Condition, 'operator' | 'threshold'>): boolean {
  if (operator === '>') return value > threshold
  if (operator === '<') return value < threshold
  if (operator === '>=') return value >= threshold
  return operator === '<=' ? value <= threshold : value === threshold
}

export function isHigher(level: AlertLevel, than: AlertLevel): boolean {
  return LEVELS.indexOf(level) > LEVELS.indexOf(than)
}
