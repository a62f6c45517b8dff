import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { nextBudget } from '../../../../core/execution/budget.js'
import { withEpoch } from '../../../../core/execution/epoch-times.js'
import type { SourceProgress } from '../../../../core/execution/journal.js'
import { defaultLimits } from '../../../../core/execution/limits.js'
import { firstBudget } from '../../../../core/execution/plan.js'

const last = (lastRecords: number, lastDurationMs: number, lastBudget = firstBudget) => ({
  position: 1,
  end: false,
  lastRecords,
  lastDurationMs,
  lastBudget,
})

describe('the budget of an epoch', () => {
  test('starts small', () => {
    expect(nextBudget(null, 30_000)).toEqual(firstBudget)
  })

  test('aims at the interval, by the rate of the last epoch', () => {
    expect(nextBudget(last(100_000, 10_000), 30_000)).toEqual({ records: 300_000, bytes: 3 * firstBudget.bytes })
    expect(nextBudget(last(100_000, 60_000), 30_000)).toEqual({ records: 50_000, bytes: firstBudget.bytes / 2 })
  })

  test('grows at most 32-fold, and never beyond what a transaction may hold', () => {
    expect(nextBudget(last(100_000, 10), 30_000).records).toBe(3_200_000)
    expect(nextBudget(last(4_000_000, 10, { records: 4_000_000, bytes: 1 }), 30_000).records).toBe(5_000_000)
  })

  test('does not shrink because there was little to read', () => {
    expect(nextBudget(last(10, 50), 30_000).records).toBeGreaterThanOrEqual(firstBudget.records)
    expect(nextBudget(last(0, 40_000), 30_000)).toEqual(firstBudget)
  })

  test.each([
    // What an epoch takes however little it reads, what each record takes, and the interval.
    [2_000, 0.005, 500],
    [1_500, 0.03, 1_000],
    [1_500, 0.3, 1_000],
    [900, 0.05, 1_000],
    [100, 0.03, 1_000],
    [10, 1, 1_000],
  ])('%i ms and %f ms a record in an interval of %i ms: nears the best, however unsteady the times are', (...facts) => {
    const [overheadMs, perRecordMs, interval] = facts
    // Half of an epoch is work, or as much as the interval leaves.
    const best = overheadMs * 2 > interval ? 2 * perRecordMs : (perRecordMs * interval) / (interval - overheadMs)
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.boolean(), (seed, isDisturbed) => {
        const random = randomFrom(seed)
        // A worker that is killed every six seconds: the longer an epoch, the likelier it is that one has to load its state.
        const disturbance = (ms: number) =>
          isDisturbed && random() < 1 - Math.exp(-ms / 6_000) ? 1_000 + random() * 2_500 : 0
        let progress: SourceProgress = last(1_500, 1_600, { records: 1_500, bytes: 256 * 1024 })
        let [records, ms] = [0, 0]
        for (let epoch = 0; epoch < 80; epoch += 1) {
          const lastBudget = nextBudget(progress, interval)
          const plainMs = (overheadMs + lastBudget.records * perRecordMs) * (0.6 + random())
          const durationMs = Math.round(plainMs + disturbance(plainMs))
          progress = {
            ...last(lastBudget.records, durationMs, lastBudget),
            times: withEpoch(progress.times, lastBudget.records, durationMs),
          }
          expect(durationMs).toBeLessThan(50 * Math.max(interval, overheadMs))
          if (epoch < 20) continue
          records += lastBudget.records
          ms += durationMs
        }
        expect(ms / records).toBeLessThan(3 * best)
      }),
      // Chance has the same hand each time: how near it comes is a matter of luck.
      { numRuns: 200, seed: 1 },
    )
  })

  test('is always positive, whole and within its limits', () => {
    fc.assert(
      fc.property(
        fc.nat(10_000_000),
        fc.nat(10_000_000),
        fc.integer({ min: 1, max: 600_000 }),
        (records, ms, interval) => {
          const budget = nextBudget(last(records, ms), interval)
          expect(Number.isInteger(budget.records) && Number.isInteger(budget.bytes)).toBe(true)
          expect(budget.records).toBeGreaterThan(0)
          expect(budget.records).toBeLessThanOrEqual(defaultLimits.budget.most.records)
          expect(budget.records).toBeLessThanOrEqual(32 * firstBudget.records)
          expect(budget.bytes).toBeLessThanOrEqual(defaultLimits.budget.most.bytes)
        },
      ),
    )
  })
})

/** mulberry32: the same numbers for the same seed, from 0 to 1. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
