import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { nextBudget, overheadOf } from '../../../../core/execution/budget.js'
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

  test('does not shrink to nothing where an epoch takes longer than the interval however little it reads', () => {
    // 2 s, and 5 µs for each record; there is always more to read.
    let progress = last(100_000, 2_500)
    for (let epoch = 0; epoch < 20; epoch += 1) {
      const lastBudget = nextBudget(progress, 500)
      const { records } = lastBudget
      const durationMs = Math.round(2_000 + records * 0.005)
      progress = { ...last(records, durationMs, lastBudget), ...overheadOf(progress, { records, durationMs }) }
    }
    expect(progress.lastRecords).toBeGreaterThan(300_000)
    expect(progress.lastRecords).toBeLessThan(500_000)
  })

  test('knows what an epoch takes however little it reads from two of different sizes', () => {
    expect(overheadOf(last(1_000, 2_000), { records: 5_000, durationMs: 2_400 })).toEqual({ overheadMs: 1_900 })
    expect(overheadOf(last(5_000, 2_400), { records: 1_000, durationMs: 2_000 })).toEqual({ overheadMs: 1_900 })
    expect(overheadOf(last(5_000, 2_000), { records: 1_000, durationMs: 2_400 })).toEqual({ overheadMs: 2_400 })
    expect(overheadOf({ ...last(1_000, 2_000), overheadMs: 7 }, { records: 1_100, durationMs: 9 })).toEqual({
      overheadMs: 7,
    })
    expect(overheadOf(undefined, { records: 1, durationMs: 1 })).toEqual({})
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
