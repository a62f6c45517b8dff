import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fenceName } from '../../../../core/execution/fence.js'
import { type HeldCheckpoint, isDiscardable, retain } from '../../../../core/execution/retention.js'

const held = (epoch: number, more: Partial<HeldCheckpoint> = {}): HeldCheckpoint => ({
  checkpointId: `c${epoch}`,
  epoch,
  type: 'PERIODIC',
  isForked: false,
  ...more,
})

const state = (epoch: number) => {
  const fence = fenceName({ generation: 1, attempt: 1, epoch, activityAttempt: 1 })
  return `lineage/l/state/sums/0/${fence}/sums-groups.parquet`
}

describe('of the checkpoints of a lineage', () => {
  test('the newest are kept, savepoints, and those that another lineage starts from', () => {
    const checkpoints = [
      held(1, { isForked: true }),
      held(2, { type: 'SAVEPOINT' }),
      held(3),
      held(4),
      held(5),
      held(6),
    ]
    expect(retain(checkpoints, 2)).toEqual({ kept: ['c6', 'c5', 'c2', 'c1'], discarded: ['c4', 'c3'], before: 5 })
  })

  test('the newest is kept whatever is asked for, and the others are either kept or discarded', () => {
    const some = fc.uniqueArray(
      fc.record({
        epoch: fc.nat(50),
        type: fc.constantFrom('PERIODIC' as const, 'SAVEPOINT' as const),
        fork: fc.boolean(),
      }),
      { minLength: 1, selector: (one) => one.epoch },
    )
    fc.assert(
      fc.property(some, fc.integer({ min: -1, max: 10 }), (given, retained) => {
        const checkpoints = given.map(({ epoch, type, fork }) => held(epoch, { type, isForked: fork }))
        const { kept, discarded, before } = retain(checkpoints, retained)
        expect([...kept, ...discarded].sort()).toEqual(checkpoints.map((one) => one.checkpointId).sort())
        const newest = Math.max(...checkpoints.map((one) => one.epoch))
        expect(kept).toContain(`c${newest}`)
        expect(discarded.every((id) => Number(id.slice(1)) < before)).toBe(true)
      }),
    )
  })
})

describe('a file of a lineage', () => {
  const needed = { named: new Set([state(2)]), before: 5 }

  test('is needed while a kept checkpoint names it, however old it is', () => {
    expect(isDiscardable(state(2), needed)).toBe(false)
    expect(isDiscardable(state(3), needed)).toBe(true)
  })

  test('is needed from the oldest retained epoch on', () => {
    expect(isDiscardable(state(4), needed)).toBe(true)
    expect(isDiscardable(state(5), needed)).toBe(false)
  })

  test('of any kind says its epoch in its name; one that does not is left alone', () => {
    const fence = fenceName({ generation: 12, attempt: 3, epoch: 4, activityAttempt: 2 })
    expect(isDiscardable(`lineage/l/results/v/0/4/g12/${fence}.json`, needed)).toBe(true)
    expect(isDiscardable(`lineage/l/exchange/v/0/${fence}/a%3Eb.input-0.parquet`, needed)).toBe(true)
    expect(isDiscardable(`lineage/l/rejects/v/0/${fence}/1.jsonl`, needed)).toBe(true)
    expect(isDiscardable('lineage/l/capture/in/4/rows.parquet', needed)).toBe(true)
    expect(isDiscardable('lineage/l/capture/in/5/rows.parquet', needed)).toBe(false)
    expect(isDiscardable('lineage/l/something/else', needed)).toBe(false)
  })
})
