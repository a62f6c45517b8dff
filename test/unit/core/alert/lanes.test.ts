import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { hasLane, type UnderWay } from '../../../../core/alert/lanes.js'

const send = fc.record({ receiver: fc.constantFrom('a', 'b', 'c', 'd', 'e'), isSlow: fc.boolean() })

/** All that find a lane, one after the other. */
function filled(wishes: readonly UnderWay[]): readonly UnderWay[] {
  return wishes.reduce<readonly UnderWay[]>((all, one) => (hasLane(one, all) ? [...all, one] : all), [])
}

test('of one receiver there are few, and a receiver that nothing is sent to has a lane', () => {
  fc.assert(
    fc.property(fc.array(send, { maxLength: 200 }), (wishes) => {
      const underWay = filled(wishes)
      for (const receiver of ['a', 'b', 'c', 'd', 'e'])
        expect(underWay.filter((one) => one.receiver === receiver).length).toBeLessThanOrEqual(4)
      expect(hasLane({ receiver: 'healthy', isSlow: false }, underWay)).toBe(true)
    }),
  )
})

test('hundreds of receivers that do not answer take no lane of one that does', () => {
  const slow = Array.from({ length: 1000 }, (_, n) => ({ receiver: `silent-${n}`, isSlow: true }))
  const underWay = filled(slow)
  expect(underWay.length).toBeLessThan(1000)
  expect(hasLane({ receiver: 'healthy', isSlow: false }, underWay)).toBe(true)
  expect(hasLane({ receiver: 'one more', isSlow: true }, underWay)).toBe(false)
})
