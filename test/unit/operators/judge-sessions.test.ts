/** The judge of sessions against the plainest way to say the same: one record after another, with every timer. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ArrivingRecord, judgeSessions, type KnownSession } from '../../../operators/judge-sessions.js'

const milli = 1000n

interface Plain {
  start: bigint
  end: bigint
  records: number[]
  told: boolean
}

/** Results by bounds, as last told, and late records; at the end everything is told. */
function plainly(gap: bigint, lateness: bigint, records: readonly ArrivingRecord[]) {
  let sessions: Plain[] = []
  const results = new Map<string, string>()
  const late: number[] = []
  const tell = (session: Plain) => {
    results.set(`${session.start} ${session.end}`, [...session.records].sort((a, b) => a - b).join(' '))
    session.told = true
  }
  for (const { place, time, met } of records) {
    const passed = (at: bigint) => met !== null && at <= met
    for (const session of sessions) if (!session.told && passed(session.end - milli)) tell(session)
    sessions = sessions.filter(({ end }) => !passed(end - milli + lateness))
    const touching = sessions.filter(({ start, end }) => start <= time + gap && end >= time)
    const whole: Plain = { start: time, end: time + gap, records: [place], told: false }
    for (const { start, end, records } of touching) {
      if (start < whole.start) whole.start = start
      if (end > whole.end) whole.end = end
      whole.records.push(...records)
    }
    if (passed(whole.end - milli + lateness)) {
      late.push(place)
      continue
    }
    sessions = [...sessions.filter((session) => !touching.includes(session)), whole]
    if (passed(whole.end - milli)) tell(whole)
  }
  for (const session of sessions) tell(session)
  return { results: Object.fromEntries(results), late }
}

/** The same by the judge, batch after batch, with what it leaves carried from one to the next. */
function judged(gap: bigint, lateness: bigint, records: readonly ArrivingRecord[], cuts: readonly number[]) {
  let there: (KnownSession & { end: bigint; records: number[] })[] = []
  const results = new Map<string, string>()
  const late: number[] = []
  const bounds = [0, ...[...new Set(cuts)].sort((a, b) => a - b), records.length]
  for (let batch = 1; batch < bounds.length; batch += 1) {
    const part = records.slice(bounds[batch - 1], bounds[batch])
    if (part.length === 0) continue
    const answer = judgeSessions({ gap, lateness }, there, part)
    late.push(...answer.late)
    const recordsOf = (leaf: (typeof answer.leaves)[number]) =>
      leaf.place !== null
        ? [leaf.place]
        : there.find(({ start, end }) => start === leaf.start && end === leaf.end)!.records
    for (const { first, last, start, end } of answer.told) {
      const own = answer.leaves.filter(({ number }) => number >= first && number <= last).flatMap(recordsOf)
      results.set(`${start} ${end}`, own.sort((a, b) => a - b).join(' '))
    }
    // Sets make the sessions of what stays: whatever touches is one.
    const next: typeof there = []
    const staying = answer.leaves.filter(({ stays }) => stays).sort((a, b) => (a.start < b.start ? -1 : 1))
    for (const leaf of staying) {
      const last = next.at(-1)
      if (last === undefined || leaf.start > last.end) {
        next.push({ key: 1, start: leaf.start, end: leaf.end, isNew: true, records: recordsOf(leaf) })
        continue
      }
      if (leaf.end > last.end) last.end = leaf.end
      last.records.push(...recordsOf(leaf))
    }
    there = next
  }
  for (const { start, end, records } of there) results.set(`${start} ${end}`, records.sort((a, b) => a - b).join(' '))
  return { results: Object.fromEntries(results), late }
}

test('whatever comes, in whatever batches, it says what going through the records one by one says', () => {
  const step = fc.record({ back: fc.integer({ min: -30, max: 60 }), ahead: fc.integer({ min: 0, max: 25 }) })
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 40 }),
      fc.integer({ min: 1, max: 20 }),
      fc.constantFrom(0, 0, 7, 40),
      fc.array(fc.nat({ max: 40 }), { maxLength: 4 }),
      (steps, gap, lateness, cuts) => {
        let met = 0
        const records = steps.map(({ back, ahead }, place): ArrivingRecord => {
          met += ahead
          return { key: 1, place, time: BigInt(met - back) * milli, met: place === 0 ? null : BigInt(met) * milli }
        })
        const [g, l] = [BigInt(gap) * milli, BigInt(lateness) * milli]
        const within = cuts.filter((cut) => cut < records.length)
        expect(judged(g, l, records, within)).toEqual(plainly(g, l, records))
      },
    ),
    { numRuns: 3_000 },
  )
})

test('keys have nothing to do with one another', () => {
  const record = (key: number, place: number, time: number) => ({
    key,
    place,
    time: BigInt(time) * milli,
    met: 1_000n * milli,
  })
  const known = [{ key: 2, start: 900n * milli, end: 1_100n * milli, isNew: true }]
  const { late, leaves } = judgeSessions({ gap: 50n * milli, lateness: 0n }, known, [
    record(1, 0, 920),
    record(2, 1, 920),
  ])
  expect(late).toEqual([0])
  expect(leaves.map(({ key, place, stays }) => [key, place, stays])).toEqual([
    [2, null, true],
    [2, 1, true],
  ])
})
