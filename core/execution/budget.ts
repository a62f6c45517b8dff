/** How much the next epoch of a source may read, so that it takes about one checkpoint interval (DESIGN, Epoch size). */
import type { SourceProgress } from './journal.js'
import { type BudgetLimits, defaultLimits } from './limits.js'
import type { Budget } from './plan.js'

const smallestBudget: Budget = { records: 1_000, bytes: 256 * 1024 }
const fastestGrowth = 32

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
  const factor = Math.min(timesAsMuch(last, intervalMs), fastestGrowth)
  const due = last.lastRecords * factor
  const { records, bytes } = last.lastBudget
  // A source that had little to give says nothing about how much it could give: its budget stays, and does not shrink.
  const wanted = factor >= 1 ? Math.min(Math.max(due, records), records * fastestGrowth) : Math.min(due, records)
  return {
    records: within(wanted, smallestBudget.records, most.records),
    bytes: within(bytes * factor, smallestBudget.bytes, most.bytes),
  }
}

function timesAsMuch({ lastDurationMs, overheadMs = 0 }: SourceProgress, intervalMs: number): number {
  if (lastDurationMs <= intervalMs) return intervalMs / Math.max(1, lastDurationMs)
  const workMs = Math.max(intervalMs, 2 * overheadMs) - overheadMs
  return workMs / Math.max(1, lastDurationMs - overheadMs)
}

/** From two epochs of different sizes; between others, what was known stays. */
export function overheadOf(
  before: SourceProgress | undefined,
  now: { readonly records: number; readonly durationMs: number },
): { readonly overheadMs?: number } {
  if (before === undefined) return {}
  const { lastRecords, lastDurationMs, overheadMs } = before
  const [few, many] = lastRecords < now.records ? [lastRecords, now.records] : [now.records, lastRecords]
  if (few === 0 || many < 2 * few) return overheadMs === undefined ? {} : { overheadMs }
  const [short, long] = lastRecords < now.records ? [lastDurationMs, now.durationMs] : [now.durationMs, lastDurationMs]
  const perRecord = Math.max(0, long - short) / (many - few)
  return { overheadMs: Math.max(0, Math.round(short - perRecord * few)) }
}

function capped(budget: Budget, most: Budget): Budget {
  return { records: Math.min(budget.records, most.records), bytes: Math.min(budget.bytes, most.bytes) }
}

function within(value: number, least: number, most: number): number {
  return Math.round(Math.min(Math.max(value, least), most))
}
