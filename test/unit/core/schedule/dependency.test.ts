import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type DependencyRule, type Fact, type Round, roundsOf } from '../../../../core/schedule/dependency.js'

const all: DependencyRule = { jobIds: ['a', 'b'], require: 'ALL', status: 'COMPLETED', withinMs: null }
const any: DependencyRule = { ...all, require: 'ANY' }
const T1 = Date.UTC(2026, 0, 1)
const T2 = Date.UTC(2026, 0, 2)

let events = 0
const end = (jobId: string, change: Partial<Fact> = {}): Fact => {
  events += 1
  const eventId = `e${String(events).padStart(5, '0')}`
  const times = { logicalTimeMs: T1 + events, isScheduledTime: false, endedMs: T1 + events * 1000 }
  return { eventId, jobId, status: 'COMPLETED', ...times, ...change }
}
const scheduled = (jobId: string, logicalTimeMs: number, change: Partial<Fact> = {}) =>
  end(jobId, { logicalTimeMs, isScheduledTime: true, ...change })

describe('ALL of the upstream jobs', () => {
  test('of scheduled jobs must have ended for the same logical time, which is handed on', () => {
    const [a1, a2, b2] = [scheduled('a', T1), scheduled('a', T2), scheduled('b', T2)]
    expect(roundsOf(all, [a1, a2])).toEqual([])
    expect(roundsOf(all, [a1, a2, b2])).toEqual([
      {
        key: '@2026-01-02T00:00:00.000Z',
        logicalTimeMs: T2,
        isScheduledTime: true,
        eventIds: [a2.eventId, b2.eventId],
      },
    ])
  })

  test('that ended for different times of a calendar are no round, however often', () => {
    expect(roundsOf(all, [scheduled('a', T1), scheduled('b', T2), scheduled('a', T2 + 1)])).toEqual([])
  })

  test('make one round of all ends for that time, and the same one when all of them run for it again', () => {
    const first = roundsOf(all, [scheduled('a', T1), scheduled('a', T1), scheduled('b', T1)])
    expect(first).toHaveLength(1)
    expect(first[0]!.eventIds).toHaveLength(3)
    expect(roundsOf(all, [scheduled('b', T1), scheduled('a', T1)])[0]!.key).toBe(first[0]!.key)
    expect(roundsOf(all, [scheduled('a', T1)])).toEqual([])
  })

  test('outside a calendar: the newest of each, and older ones are made up for', () => {
    const [old, newer, b] = [end('a'), end('a'), end('b')]
    expect(roundsOf(all, [old, newer])).toEqual([])
    const rounds = roundsOf(all, [old, newer, b])
    expect(rounds).toMatchObject([{ key: b.eventId, isScheduledTime: false, logicalTimeMs: b.logicalTimeMs }])
    expect([...rounds[0]!.eventIds].sort()).toEqual([old, newer, b].map(({ eventId }) => eventId))
  })

  test('mixed: one of a calendar goes with one outside it, and others of the calendar wait on', () => {
    const [a1, a2, b] = [scheduled('a', T1), scheduled('a', T2), end('b')]
    const rounds = roundsOf(all, [a1, a2, b])
    expect(rounds).toHaveLength(1)
    expect([...rounds[0]!.eventIds].sort()).toEqual([a2.eventId, b.eventId])
  })

  test('must have ended within so long of each other', () => {
    const [a, b] = [scheduled('a', T1, { endedMs: T1 }), scheduled('b', T1, { endedMs: T1 + 1001 })]
    expect(roundsOf({ ...all, withinMs: 1000 }, [a, b])).toEqual([])
    expect(roundsOf({ ...all, withinMs: 1001 }, [a, b])).toHaveLength(1)
    const again = scheduled('a', T1, { endedMs: T1 + 2000 })
    expect(roundsOf({ ...all, withinMs: 1000 }, [a, b, again])).toHaveLength(1)
  })

  test('must have ended as asked for', () => {
    const facts = [end('a', { status: 'FAILED' }), end('b')]
    expect(roundsOf(all, facts)).toEqual([])
    expect(roundsOf({ ...all, status: 'ANY' }, facts)).toHaveLength(1)
    expect(roundsOf({ ...all, status: 'FAILED' }, [...facts, end('b', { status: 'FAILED' })])).toHaveLength(1)
  })
})

describe('ANY of them', () => {
  test('starts one for each end, and one only for each time of a calendar', () => {
    const rounds = roundsOf(any, [end('a'), end('b'), end('a'), scheduled('a', T1), scheduled('a', T1)])
    expect(rounds).toHaveLength(4)
    expect(rounds.filter(({ isScheduledTime }) => isScheduledTime)).toMatchObject([
      { key: 'a@2026-01-01T00:00:00.000Z', logicalTimeMs: T1 },
    ])
  })

  test('does not look at other jobs', () => {
    expect(roundsOf(any, [end('c')])).toEqual([])
  })
})

describe('whatever ends, in whatever order they are looked at', () => {
  const fact = fc
    .record({
      jobId: fc.constantFrom('a', 'b', 'c'),
      status: fc.constantFrom('COMPLETED' as const, 'FAILED' as const),
      time: fc.integer({ min: 0, max: 4 }),
      isScheduledTime: fc.boolean(),
      endedMs: fc.integer({ min: 0, max: 20 }),
    })
    .map(({ time, ...rest }) => ({ ...rest, logicalTimeMs: T1 + time * 1000 }))
  const facts = fc
    .array(fact, { maxLength: 25 })
    .map((made) => made.map((one, index): Fact => ({ ...one, eventId: `e${String(index).padStart(2, '0')}` })))
  const rule = fc.record({
    jobIds: fc.constantFrom(['a'], ['a', 'b'], ['a', 'b', 'c']),
    require: fc.constantFrom('ALL' as const, 'ANY' as const),
    status: fc.constantFrom('COMPLETED' as const, 'ANY' as const),
    withinMs: fc.constantFrom(null, 3, 1000),
  })

  test('no end is used twice, none is used that does not fit, and a round of ALL has one of each', () => {
    fc.assert(
      fc.property(rule, facts, (of, given) => {
        const rounds = roundsOf(of, given)
        const used = rounds.flatMap(({ eventIds }) => eventIds)
        expect(new Set(used).size).toBe(used.length)
        expect(new Set(rounds.map(({ key }) => key)).size).toBe(rounds.length)
        for (const round of rounds) {
          const of_ = given.filter(({ eventId }) => round.eventIds.includes(eventId))
          expect(of_.every(({ status }) => of.status === 'ANY' || status === of.status)).toBe(true)
          const jobs = new Set(of_.map(({ jobId }) => jobId))
          if (of.require === 'ALL') expect([...jobs].sort()).toEqual([...of.jobIds])
          else expect(jobs.size).toBe(1)
          if (round.isScheduledTime) expect(new Set(of_.map(({ logicalTimeMs }) => logicalTimeMs)).size).toBe(1)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('the order in which they are given does not matter', () => {
    fc.assert(
      fc.property(rule, facts, fc.infiniteStream(fc.nat()), (of, given, weights) => {
        const shuffled = given
          .map((one) => ({ one, weight: weights.next().value as number }))
          .sort((a, b) => a.weight - b.weight)
          .map(({ one }) => one)
        const normal = (rounds: readonly Round[]) =>
          rounds
            .map((round) => ({ ...round, eventIds: [...round.eventIds].sort() }))
            .sort((a, b) => a.key.localeCompare(b.key))
        expect(normal(roundsOf(of, shuffled))).toEqual(normal(roundsOf(of, given)))
      }),
    )
  })

  test('of a calendar, each round comes to the same whether they are looked at one by one or all at once', () => {
    const ofCalendar = facts.map((given) => given.map((one) => ({ ...one, isScheduledTime: true })))
    fc.assert(
      fc.property(ofCalendar, (given) => {
        const of = { ...all, status: 'ANY' as const }
        let left: Fact[] = []
        const started = new Set<string>()
        for (const one of given) {
          left = [...left, one]
          for (const { key, eventIds } of roundsOf(of, left)) {
            started.add(key)
            left = left.filter(({ eventId }) => !eventIds.includes(eventId))
          }
        }
        expect([...started].sort()).toEqual(
          roundsOf(of, given)
            .map(({ key }) => key)
            .sort(),
        )
      }),
    )
  })
})
