import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  type Amount,
  type GeneratorPosition,
  type GeneratorSplit,
  planRecords,
} from '../../../../connectors/generator/plan-records.js'

const budget = (records: number) => ({ records, bytes: 1_000_000_000 })
const amount = (more: Partial<Amount>): Amount => ({ rows: null, rowsPerSecond: null, bytesPerRecord: 8, ...more })

describe('planning generated records', () => {
  test('shares one stretch out, without gaps or overlaps, until there are as many as asked for', () =>
    fc.assert(
      fc.property(
        fc.nat(500),
        fc.integer({ min: 1, max: 90 }),
        fc.integer({ min: 1, max: 7 }),
        (rows, records, parallelism) => {
          let position: GeneratorPosition | null = null
          let expected = 0
          for (let end = false; !end; ) {
            const plan = planRecords(position, budget(records), parallelism, amount({ rows }), 0)
            expect(plan.splits).toHaveLength(parallelism)
            for (const { from, to } of plan.splits.flat() as GeneratorSplit[]) {
              expect([from, to > from]).toEqual([expected, true])
              expected = to
            }
            position = plan.to as GeneratorPosition
            expect(position.next).toBe(expected)
            end = plan.end
          }
          expect(expected).toBe(rows)
        },
      ),
    ))

  test('gives out what is due since the first plan, and the first record at once', () => {
    const paced = amount({ rowsPerSecond: 10 })
    const first = planRecords(null, budget(1000), 1, paced, 5_000)
    expect(first).toMatchObject({ splits: [[{ from: 0, to: 1 }]], to: { next: 1, startedMs: 5_000 }, end: false })
    const at = (nowMs: number, records = 1000) =>
      planRecords(first.to as GeneratorPosition, budget(records), 1, paced, nowMs)
    expect(at(5_099).splits).toEqual([[]])
    expect(at(5_100).splits).toEqual([[{ from: 1, to: 2 }]])
    expect(at(6_000).to).toEqual({ next: 11, startedMs: 5_000 })
    expect(at(6_000, 4).to).toEqual({ next: 5, startedMs: 5_000 })
    expect(at(0).to).toEqual(first.to)
  })

  test('never ends without a number of records, and keeps to the bytes of the budget', () => {
    const plan = planRecords(null, { records: 1000, bytes: 80 }, 2, amount({}), 0)
    expect(plan).toMatchObject({ splits: [[{ from: 0, to: 5 }], [{ from: 5, to: 10 }]], end: false })
  })
})
