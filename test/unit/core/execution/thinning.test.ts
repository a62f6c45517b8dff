import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type Dated, THINNING, thinOut } from '../../../../core/execution/thinning.js'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour

test('sixty days of epochs of five seconds, thinned out every hour, leave some thousand rows', () => {
  let rows: readonly Dated[] = []
  for (let atHour = 1; atHour <= 60 * 24; atHour += 1) {
    const from = (atHour - 1) * hour
    const all = [...rows, ...Array.from({ length: 720 }, (_, epoch) => ({ atMs: from + epoch * 5000 }))]
    const gone = new Set(thinOut(all, atHour * hour))
    rows = all.filter((row) => !gone.has(row))
  }
  // An hour of epochs, a day of minutes, a month of hours, and then days.
  expect(rows.length).toBeLessThanOrEqual(720 + 24 * 60 + 30 * 24 + 30 + 4)
})

test('all of the last hour stay, the newest stays, and from each stretch of time one', () => {
  const ages = fc.uniqueArray(fc.integer({ min: 0, max: 60 * day }), { minLength: 1, maxLength: 300 })
  fc.assert(
    fc.property(ages, (given) => {
      const nowMs = 1_700_000_000_000
      const rows = given.map((age) => ({ atMs: nowMs - age })).sort((a, b) => a.atMs - b.atMs)
      const gone = new Set(thinOut(rows, nowMs))
      const left = rows.filter((row) => !gone.has(row))
      expect(left.at(-1)).toBe(rows.at(-1))
      expect([...gone].every(({ atMs }) => nowMs - atMs > hour)).toBe(true)
      for (const { atMs } of gone) {
        const step = THINNING.findLast(({ afterMs }) => nowMs - atMs > afterMs)!
        const stretch = Math.floor(atMs / step.everyMs)
        expect(left.some((row) => row.atMs > atMs && Math.floor(row.atMs / step.everyMs) === stretch)).toBe(true)
      }
      // Asked again at once, it has nothing to do.
      expect(thinOut(left, nowMs)).toEqual([])
    }),
  )
})
