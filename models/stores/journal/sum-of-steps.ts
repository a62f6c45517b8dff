/** What all steps of an epoch under way have counted, by operator. */
import { type OperatorCounters, sumCounters } from '../../../core/record/counters.js'
import type { StepsUnderWay } from '../../tables/executions.js'

export function sumOfSteps(steps: StepsUnderWay | null): OperatorCounters {
  return Object.values(steps ?? {}).reduce(sumCounters, {})
}
