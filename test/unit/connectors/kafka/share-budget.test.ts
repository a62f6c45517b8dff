import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { dealOut, shareBudget } from '../../../../connectors/kafka/share-budget.js'

const partition = fc.record({ next: fc.nat(1000), room: fc.nat(1000) })
const bytes = Number.MAX_SAFE_INTEGER

describe('an epoch', () => {
  test('reads within the budget, goes on if there is anything, and favours no partition', () => {
    fc.assert(
      fc.property(fc.array(partition, { maxLength: 12 }), fc.nat(3000), (given, records) => {
        const next = Object.fromEntries(given.map((one, index) => [String(index), one.next]))
        const ends = Object.fromEntries(given.map((one, index) => [String(index), one.next + one.room]))
        const to = shareBudget(next, ends, { records, bytes }, null)
        const taken = given.map((one, index) => to[String(index)]! - one.next)
        const total = taken.reduce((sum, one) => sum + one, 0)
        const there = given.reduce((sum, { room }) => sum + room, 0)
        expect(total).toBe(Math.min(there, Math.max(1, records)))
        // Whoever has less than another has all that there is.
        const most = Math.max(0, ...taken)
        for (const [index, { room }] of given.entries()) if (taken[index]! < most - 1) expect(taken[index]).toBe(room)
      }),
    )
  })

  test('counts in bytes too, and in offsets where a topic was compacted', () => {
    const measure = { bytesPerMessage: 100, offsetsPerMessage: 10 }
    expect(shareBudget({ 0: 5 }, { 0: 1000 }, { records: 1000, bytes: 2000 }, measure)).toEqual({ 0: 205 })
    expect(shareBudget({ 0: 5 }, { 0: 1000 }, { records: 3, bytes: 2000 }, measure)).toEqual({ 0: 35 })
    expect(shareBudget({ 0: 5 }, { 0: 1000 }, { records: 3, bytes: 1 }, measure)).toEqual({ 0: 6 })
  })

  test('gives a partition to the same subtask always', () => {
    const splits = dealOut('t', { 0: 0, 1: 3, 2: 0, 10: 1 }, { 0: 5, 1: 3, 2: 1, 10: 2 }, 2)
    expect(splits.map((of) => of.map(({ partition, from, to }) => [partition, from, to]))).toEqual([
      [
        [0, 0, 5],
        [2, 0, 1],
        [10, 1, 2],
      ],
      [],
    ])
  })
})
