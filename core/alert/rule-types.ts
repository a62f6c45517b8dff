/** What a rule may watch. Docs, defaults and the hint of a bad type come from this table. */
import type { ConditionOperator } from './rule.js'

export interface RuleTypeFacts {
  /** What is compared with the threshold. */
  readonly value: string
  readonly unit: string
  readonly operator: ConditionOperator
  readonly threshold: number
  /** Judged at once when an execution tells of it, and not only each minute. */
  readonly isAtOnce: boolean
  readonly resolves: string
}

export const RULE_TYPES = {
  JOB_FAILED: {
    value: 'executions of the job that have failed since the alert before was over',
    unit: 'failures',
    operator: '>=',
    threshold: 1,
    isAtOnce: true,
    resolves: 'a later execution of the job has completed',
  },
  CHECKPOINT_FAILED: {
    value: 'epochs that have failed since the alert before was over',
    unit: 'failures',
    operator: '>=',
    threshold: 1,
    isAtOnce: true,
    resolves: 'a later epoch of the job is complete, or no execution of it runs any more',
  },
  RECORDS_LOST: {
    value: 'mismatches in the accounts of records (I8) since the alert before was over',
    unit: 'mismatches',
    operator: '>=',
    threshold: 1,
    isAtOnce: true,
    resolves: 'an execution of the job that began later has completed',
  },
  SLA_MISSED: {
    value: 'executions that were not done in the time of their `sla`, since the alert before was over',
    unit: 'executions',
    operator: '>=',
    threshold: 1,
    isAtOnce: true,
    resolves: 'the execution has ended',
  },
  HIGH_LATENCY: {
    value:
      'how long ago the input was planned that is not committed yet, or, where that is longer, how long the newest epoch took',
    unit: 'ms',
    operator: '>',
    threshold: 60_000,
    isAtOnce: false,
    resolves: 'the condition does not hold any more, or no execution of the job runs',
  },
  BACKPRESSURE: {
    value: 'share of the newest epoch for which sources waited for what is behind them',
    unit: 'percent',
    operator: '>',
    threshold: 50,
    isAtOnce: false,
    resolves: 'the condition does not hold any more, or no execution of the job runs',
  },
  SLOW_CHECKPOINT: {
    value: 'how long the newest complete epoch took',
    unit: 'ms',
    operator: '>',
    threshold: 300_000,
    isAtOnce: false,
    resolves: 'the condition does not hold any more, or no execution of the job runs',
  },
  NO_DATA: {
    value:
      'how long ago the job last read a record; of a rule for all jobs only STREAMING ones that run, of a rule for a job or a tag each of them',
    unit: 's',
    operator: '>',
    threshold: 900,
    isAtOnce: false,
    resolves: 'a record has been read',
  },
  DEAD_LETTERS: {
    value: 'bad records of the job that wait to be replayed or discarded',
    unit: 'records',
    operator: '>',
    threshold: 0,
    isAtOnce: false,
    resolves: 'they are replayed or discarded',
  },
  SCHEDULE_MISSED: {
    value: 'how long ago an enabled schedule should have fired and did not',
    unit: 's',
    operator: '>',
    threshold: 120,
    isAtOnce: false,
    resolves: 'the schedule has fired, or is disabled',
  },
  WORKER_LOST: {
    value: 'how long a worker has not been heard of that did not say that it stops',
    unit: 's',
    operator: '>',
    threshold: 32,
    isAtOnce: false,
    resolves: 'it is heard of again, or another worker has begun on its host',
  },
} as const satisfies Readonly<Record<string, RuleTypeFacts>>

export type RuleType = keyof typeof RULE_TYPES

/** What a rule leaves out is as usual for its type. */
export function comparisonOf(
  type: RuleType,
  operator: ConditionOperator | null,
  threshold: number | null,
): { readonly operator: ConditionOperator; readonly threshold: number } {
  const usual = RULE_TYPES[type]
  return { operator: operator ?? usual.operator, threshold: threshold ?? usual.threshold }
}

/** Raised by the delivery itself: no rule is of this type. */
export const CHANNEL_FAILED = 'CHANNEL_FAILED'
export type AlertType = RuleType | typeof CHANNEL_FAILED

export const RULE_TYPE_NAMES = Object.keys(RULE_TYPES) as readonly RuleType[]
