/** How much the next epoch of a source may read, so that it takes about one checkpoint interval (DESIGN, Epoch size). */
import { lineThrough } from './epoch-times.js'
import type { SourceProgress } from './journal.js'
import { type BudgetLimits, defaultLimits } from './limits.js'
import type { Budget } from './plan.js'

const smallestBudget: Budget = { records: 1_000, bytes: 256 * 1024 }
const fastestGrowth = 32
/** Beyond the interval, times are not to be relied on: a step at a time. */
const largestStep = 2
/** Where epochs are alike, the next one is larger: then it tells whether records or something else takes the time. */
const trial = 1.5

/**
 * Grows at most 32-fold; shrinks only when the last epoch took longer than the interval, and not because of what it takes
 * however little it reads: at least half of an epoch is work.
 */
export function nextBudget(
  last: SourceProgress | null,
  intervalMs: number,
  { first, most }: BudgetLimits = defaultLimits.budget,
): Budget {
  if (last === null) return capped(first, most)
  if (last.lastRecords === 0) return capped(last.lastBudget, most)
  const factor = timesAsMuch(last, intervalMs)
  const due = last.lastRecords * factor
  const { records, bytes } = last.lastBudget
  // A source that had little to give says nothing about how much it could give: its budget stays, and does not shrink.
  const wanted = factor >= 1 ? Math.min(Math.max(due, records), records * fastestGrowth) : Math.min(due, records)
  return {
    records: within(wanted, smallestBudget.records, most.records),
    bytes: within(bytes * factor, smallestBudget.bytes, most.bytes),
  }
}

function timesAsMuch({ lastRecords, lastDurationMs, times }: SourceProgress, intervalMs: number): number {
  if (lastDurationMs <= intervalMs) return Math.min(intervalMs / Math.max(1, lastDurationMs), fastestGrowth)
  const line = lineThrough(times)
  if (line === null) return (times?.n ?? 0) <= 1 ? intervalMs / lastDurationMs : trial
  const workMs = Math.max(intervalMs - line.overheadMs, line.overheadMs)
  const wanted = workMs / Math.max(line.perRecordMs, Number.MIN_VALUE)
  return Math.min(Math.max(wanted / lastRecords, 1 / largestStep), largestStep)
}

function capped(budget: Budget, most: Budget): Budget {
  return { records: Math.min(budget.records, most.records), bytes: Math.min(budget.bytes, most.bytes) }
}

function within(value: number, least: number, most: number): number {
  return Math.round(Math.min(Math.max(value, least), most))
}
