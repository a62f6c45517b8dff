import { expect, test } from '@jest/globals'
import { openPace } from '../../../../connectors/http/pace.js'

const never = new AbortController().signal

async function startsOf(count: number, pace: ReturnType<typeof openPace>): Promise<number[]> {
  const starts: number[] = []
  await Promise.all(
    Array.from({ length: count }, async () => {
      await pace.turn(never)
      starts.push(performance.now())
    }),
  )
  return starts
}

test('no stretch of time sees more than so many begin, and the first ones need not wait', async () => {
  const pace = openPace({ requests: 3, per: '200ms' }, () => performance.now())
  const starts = await startsOf(8, pace)
  // A timer may be early by a millisecond.
  for (let n = 3; n < 8; n += 1) expect(starts[n]! - starts[n - 3]!).toBeGreaterThan(195)
  expect(starts[2]! - starts[0]!).toBeLessThan(195)
})

test('less than one a second is one in so long', async () => {
  const starts = await startsOf(
    3,
    openPace(5, () => performance.now()),
  )
  expect(starts).toHaveLength(3)
  const slow = openPace(0.5, () => performance.now())
  await slow.turn(never)
  const early = new AbortController()
  const waiting = slow.turn(early.signal)
  setTimeout(() => early.abort(), 100)
  await expect(waiting).rejects.toThrow()
})

test('whoever is held holds all, also those who wait already, and a cancelled one holds up nobody', async () => {
  const pace = openPace({ requests: 1, per: '50ms' }, () => performance.now())
  await pace.turn(never)
  const gone = new AbortController()
  const before = performance.now()
  const cancelled = pace.turn(gone.signal)
  const patient = pace.turn(never)
  pace.hold(300)
  gone.abort()
  await expect(cancelled).rejects.toThrow()
  expect(performance.now() - before).toBeLessThan(200)
  await patient
  expect(performance.now() - before).toBeGreaterThan(290)
})
