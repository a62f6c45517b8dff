import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { partsThatStay } from '../../../../core/execution/state-parts.js'

/** What a sequence of changes writes, and the most parts there ever are. */
function written(base: number, changes: readonly number[]) {
  let parts = [base]
  let rows = 0
  let most = 0
  for (const added of changes) {
    const stay = partsThatStay(parts, added)
    const merged = parts.slice(Math.max(1, stay)).reduce((sum, one) => sum + one, added)
    const next = stay === 0 ? base : merged
    rows += next
    parts = [...parts.slice(0, stay), next]
    most = Math.max(most, parts.length)
  }
  return { rows, most }
}

test('there are never more than 20 parts, whatever the changes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000_000 }),
      fc.array(fc.nat(30_000), { maxLength: 400 }),
      (base, changes) => {
        expect(written(base, changes).most).toBeLessThanOrEqual(20)
      },
    ),
  )
})

test('what is written follows the changes, and not the size of the state', () => {
  const changes = Array.from({ length: 500 }, () => 10_000)
  const changed = changes.reduce((sum, one) => sum + one, 0)
  for (const base of [10_000_000, 100_000_000]) expect(written(base, changes).rows).toBeLessThan(8 * changed)
})

test('the base is written anew when the changes have grown as large, and not before', () => {
  expect(partsThatStay([100_000, 60_000], 30_000)).toBeGreaterThan(0)
  expect(partsThatStay([100_000, 60_000], 40_000)).toBe(0)
})
