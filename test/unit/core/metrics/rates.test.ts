import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type CountedPoint, eachRate, ratesOf } from '../../../../core/metrics/rates.js'

const step = fc.record({ ms: fc.integer({ min: 1, max: 4 * 3_600_000 }), records: fc.nat({ max: 1_000_000 }) })

test('rates times the time that each covers add up to what was counted, bursts and gaps included', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), fc.array(step, { maxLength: 50 }), (beganMs, beganWith, steps) => {
      const before = point(beganMs, beganWith)
      const points = steps.reduce<readonly CountedPoint[]>((all, { ms, records }) => {
        const last = all.at(-1) ?? before
        return [...all, point(last.atMs + ms, last.totals.read + records)]
      }, [])
      const covered = points.map(({ atMs }, index) => (atMs - (points[index - 1] ?? before).atMs) / 1000)
      const told = ratesOf(points, before).reduce((sum, { read }, index) => sum + read * covered[index]!, 0)
      const counted = steps.reduce((sum, { records }) => sum + records, 0)
      // Each rate is told to a thousandth.
      const rounding = covered.reduce((sum, seconds) => sum + seconds * 0.0005, 0) + 1e-6 * counted + 1e-6
      expect(Math.abs(told - counted)).toBeLessThanOrEqual(rounding)
    }),
  )
})

test('an epoch that is run again is no rate below 0, and no time is no rate', () => {
  const points = [point(1000, 100), point(2000, 60), point(3000, 120)]
  expect(ratesOf(points, point(0, 0)).map(({ read }) => read)).toEqual([100, 0, 60])
  expect(ratesOf([point(1000, 100)], point(1000, 0))[0]?.read).toBe(0)
})

function point(atMs: number, total: number): CountedPoint {
  return { atMs, totals: eachRate(() => total) }
}
