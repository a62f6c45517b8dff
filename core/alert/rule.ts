/** When an alert is raised, how bad it is, and what is told together. */
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

/** What is told together: all alerts of the rule, or those of each job. */
export type GroupBy = 'RULE' | 'JOB'

export function holds(value: number, { operator, threshold }: Pick<Condition, 'operator' | 'threshold'>): boolean {
  if (operator === '>') return value > threshold
  if (operator === '<') return value < threshold
  if (operator === '>=') return value >= threshold
  return operator === '<=' ? value <= threshold : value === threshold
}

export function isHigher(level: AlertLevel, than: AlertLevel): boolean {
  return LEVELS.indexOf(level) > LEVELS.indexOf(than)
}
