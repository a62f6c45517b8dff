/** However late whoever starts times is: the newest that is due is started, and none twice. */
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { fires } from '../../../../core/schedule/fires.js'
import { type CatchingUp, settledMs, timesMadeUp, timesToStart } from '../../../../core/schedule/missed.js'

const SECOND = 1000
const FIRST = Date.parse('2026-03-02T10:00:00Z')
const LOOKED_EVERY_MS = 30 * SECOND

const everySeconds = fc.constantFrom(2, 5, 10, 20, 30, 60, 300)
const catchUps = fc.constantFrom(
  { mode: 'LAST' as const, max: null },
  { mode: 'ALL' as const, max: 1 },
  { mode: 'ALL' as const, max: 3 },
  { mode: 'ALL' as const, max: null },
)

test('whatever the interval, the lateness and the order, the newest time is started, none twice, and it never stands still', () => {
  const arrivals = fc.array(fc.option(fc.integer({ min: 0, max: 400 }), { freq: 6 }), { minLength: 1, maxLength: 25 })
  fc.assert(
    fc.property(everySeconds, catchUps, arrivals, (seconds, catchUp, lateness) => {
      const { schedule, times } = scheduleOf(seconds, lateness.length, catchUp)
      const catalogue = catalogueOf(schedule, times[0]!)
      const come = times.flatMap((time, index) => {
        const late = lateness[index] ?? null
        return late === null
          ? []
          : [{ at: time + late * SECOND, work: () => catalogue.fire(time, time + late * SECOND) }]
      })
      const end = times.at(-1)! + settledMs(0) + LOOKED_EVERY_MS
      const looked = Array.from({ length: Math.ceil((end - FIRST) / LOOKED_EVERY_MS) + 1 }, (_, index) => {
        const now = FIRST + index * LOOKED_EVERY_MS
        const work = () => {
          catalogue.look(now)
          const owed = times.filter((time) => time < now - settledMs(0)).at(-1)
          if (owed !== undefined) expect(Math.max(...catalogue.started)).toBeGreaterThanOrEqual(owed)
        }
        return { at: now, work }
      })
      for (const { work } of [...come, ...looked].sort((a, b) => a.at - b.at)) work()
      expect(catalogue.started).toContain(times.at(-1))
      expect(new Set(catalogue.started).size).toBe(catalogue.started.length)
    }),
    { numRuns: 40 },
  )
})

test('without anybody who looks, times that all come late end with the newest started', () => {
  const lateness = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 25 })
  fc.assert(
    fc.property(everySeconds, catchUps, lateness, (seconds, catchUp, late) => {
      const { schedule, times } = scheduleOf(seconds, late.length, catchUp)
      const catalogue = catalogueOf(schedule, times[0]!)
      const come = times.map((time, index) => ({ time, at: time + late[index]! * SECOND }))
      for (const { time, at } of come.sort((a, b) => a.at - b.at)) catalogue.fire(time, at)
      expect(catalogue.started).toContain(times.at(-1))
      expect(new Set(catalogue.started).size).toBe(catalogue.started.length)
    }),
    { numRuns: 40 },
  )
})

test('always as late, under LAST, no time after the first ones is lost; of many that come at once, one is started', () => {
  const { schedule, times } = scheduleOf(20, 8, { mode: 'LAST', max: null })
  const late = catalogueOf(schedule, times[0]!)
  for (const time of times) late.fire(time, time + 70 * SECOND)
  expect(late.started).toEqual(times.slice(3))
  const burst = catalogueOf(schedule, times[0]!)
  for (const time of times) burst.fire(time, times.at(-1)! + 90 * SECOND)
  expect(burst.started).toEqual(times.slice(-1))
})

test('under NONE a missed time starts nothing, and nothing stands in for it', () => {
  const { schedule, times } = scheduleOf(20, 8, { mode: 'NONE', max: null })
  expect(timesToStart(schedule, times[0]!, times[0]! + 21 * SECOND)).toEqual([])
  expect(timesToStart(schedule, times[0]!, times[0]! + 20 * SECOND)).toEqual([times[0]])
})

function scheduleOf(seconds: number, count: number, catchUp: CatchingUp['catchUp']) {
  const cron = seconds < 60 ? `*/${seconds} * * * * ?` : `0 */${seconds / 60} * * * ?`
  const endAt = new Date(FIRST + (count - 1) * seconds * SECOND).toISOString()
  const calendar = { cron, timezone: 'UTC', startAt: null, endAt }
  const schedule: CatchingUp = { calendar, catchUp, jitterMs: 0 }
  return { schedule, times: fires(calendar, FIRST - 1, count) }
}

/** What MySQL knows: each time is decided once. */
function catalogueOf(schedule: CatchingUp, first: number) {
  const started: number[] = []
  const decided = new Set<number>()
  let next: number | undefined = first
  const start = (time: number) => {
    started.push(time)
    decided.add(time)
  }
  const undecided = (times: readonly number[]) => times.filter((time) => !decided.has(time))
  return {
    started,
    fire(time: number, now: number) {
      const times = timesToStart(schedule, time, now)
      const isOpen = (one: number) => !decided.has(one) && next !== undefined && one >= next
      if (times.includes(time)) {
        if (isOpen(time)) start(time)
      } else {
        decided.add(time)
        times.filter(isOpen).slice(0, 1).forEach(start)
      }
      while (next !== undefined && decided.has(next)) [next] = fires(schedule.calendar, next, 1)
    },
    look(now: number) {
      if (next === undefined || next >= now - settledMs(0)) return
      const due = fires(schedule.calendar, next - 1, 1000).filter((time) => time <= now)
      undecided(timesMadeUp(schedule, next, now)).forEach(start)
      ;[next] = fires(schedule.calendar, due.filter((time) => time <= now - settledMs(0)).at(-1)!, 1)
    },
  }
}
