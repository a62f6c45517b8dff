import { describe, expect, test } from '@jest/globals'
import { type EpochTimes, lineThrough, withEpoch } from '../../../../core/execution/epoch-times.js'

const through = (...epochs: readonly (readonly [records: number, ms: number])[]) =>
  lineThrough(epochs.reduce((times: EpochTimes | undefined, [records, ms]) => withEpoch(times, records, ms), undefined))

describe('the line through epochs', () => {
  test('tells what an epoch takes however little it reads, and what a record takes', () => {
    const line = through([1_000, 2_000], [5_000, 2_400], [2_000, 2_100])
    expect(line?.overheadMs).toBeCloseTo(1_900)
    expect(line?.perRecordMs).toBeCloseTo(0.1)
  })

  test('is none where there is one epoch, or all are alike', () => {
    expect(lineThrough(undefined)).toBeNull()
    expect(through([1_000, 2_000])).toBeNull()
    expect(through([1_000, 2_000], [1_050, 900], [1_000, 3_000])).toBeNull()
  })

  test('is none where chance may have made it', () => {
    expect(through([1_000, 3_000], [5_000, 1_000])).toBeNull()
    expect(through([1_000, 2_000], [1_500, 2_900], [1_100, 3_100], [1_600, 2_300], [1_400, 2_600])).toBeNull()
  })

  test('never begins below nothing', () => {
    const steep = through([1_000, 100], [5_000, 9_000])
    expect(steep?.overheadMs).toBe(0)
    expect(steep?.perRecordMs).toBeGreaterThan(1)
  })
})
