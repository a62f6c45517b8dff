/** How much the next epoch of a source may read, so that it takes about one checkpoint interval (DESIGN, Epoch size). */
import type { SourceProgress } from './journal.js'
import { type Budget, firstBudget } from './plan.js'

/** Rolling back more than this takes seconds. */
export const largestBudget: Budget = { records: 5_000_000, bytes: 1024 * 1024 * 1024 }

const smallestBudget: Budget = { records: 1_000, bytes: 256 * 1024 }
const fastestGrowth = 8

/** Grows at most 8-fold; shrinks only when the last epoch took longer than the interval. */
export function nextBudget(last: SourceProgress | null, intervalMs: number): Budget {
  if (last === null) return firstBudget
  if (last.lastRecords === 0) return last.lastBudget
  const factor = Math.min(intervalMs / Math.max(1, last.lastDurationMs), fastestGrowth)
  const due = (last.lastRecords * intervalMs) / Math.max(1, last.lastDurationMs)
  const { records, bytes } = last.lastBudget
  // A source that had little to give says nothing about how much it could give: its budget stays, and does not shrink.
  const wanted = factor >= 1 ? Math.min(Math.max(due, records), records * fastestGrowth) : Math.min(due, records)
  return {
    records: within(wanted, smallestBudget.records, largestBudget.records),
    bytes: within(bytes * factor, smallestBudget.bytes, largestBudget.bytes),
  }
}

function within(value: number, least: number, most: number): number {
  return Math.round(Math.min(Math.max(value, least), most))
}
