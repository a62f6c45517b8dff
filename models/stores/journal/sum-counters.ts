/** Counters of each operator, added up. */
import { addCounters, type Counters, noRecords } from '../../../core/record/counters.js'
import type { StepsUnderWay } from '../../tables/executions.js'

export type OperatorCounters = Readonly<Record<string, Counters>>

export function sumCounters(a: OperatorCounters, b: OperatorCounters): OperatorCounters {
  const sum: Record<string, Counters> = { ...a }
  for (const [nodeId, counted] of Object.entries(b)) sum[nodeId] = addCounters(sum[nodeId] ?? noRecords, counted)
  return sum
}

export function sumOfSteps(steps: StepsUnderWay | null): OperatorCounters {
  return Object.values(steps ?? {}).reduce(sumCounters, {})
}
