/** What is written out for Temporal has the times that the dialects have, and no others. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { compileCalendar } from '../../../../core/schedule/compile-calendar.js'
import { timesAfter } from '../../../../core/schedule/fires.js'
import { parseCron } from '../../../../core/schedule/parse-cron.js'
import type { UtcCalendar } from '../../../../core/schedule/utc-calendar.js'
import { openZone } from '../../../../core/schedule/zone.js'

const DAY = 86_400_000

/** Follows calendars as plainly as they can be followed: day by day, every field looked up. */
function* follow(calendars: readonly UtcCalendar[], afterMs: number, untilMs: number): Generator<number> {
  for (let day = Math.floor(afterMs / DAY) * DAY; day < untilMs; day += DAY) {
    const date = new Date(day)
    const today = calendars.filter(
      ({ years, months, days, weekdays }) =>
        (years.length === 0 || years.includes(date.getUTCFullYear())) &&
        months.includes(date.getUTCMonth() + 1) &&
        days.includes(date.getUTCDate()) &&
        weekdays.includes(date.getUTCDay()),
    )
    const times = today.flatMap(({ hours, minutes, seconds }) =>
      hours.flatMap((hour) => minutes.flatMap((minute) => seconds.map((second) => (hour * 60 + minute) * 60 + second))),
    )
    const inOrder = [...new Set(times)].sort((a, b) => a - b)
    for (const second of inOrder) {
      const at = day + second * 1000
      if (at > afterMs && at < untilMs) yield at
    }
  }
}

function compare(expression: string, zoneName: string, fromMs: number, count: number) {
  const parsed = parseCron(expression)
  const zone = openZone(zoneName)
  if (!parsed.ok || zone === null) return null
  const { calendars, untilMs } = compileCalendar(parsed.cron, zone, fromMs)
  const until = untilMs ?? fromMs + 6 * 366 * DAY
  const wanted = timesAfter(parsed.cron, zone, fromMs, count).filter((at) => at < until)
  const found: number[] = []
  for (const at of follow(calendars, fromMs, until)) {
    if (found.length === count) break
    found.push(at)
  }
  const told = (times: readonly number[]) => times.map((at) => new Date(at).toISOString())
  return { calendars, untilMs, wanted: told(wanted), found: told(found) }
}

const EDGES = [
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['America/St_Johns', '2026-03-08T05:30:00Z'],
  ['Asia/Kathmandu', '2026-05-05T00:00:00Z'],
  ['America/Santiago', '2026-04-05T03:00:00Z'],
  ['America/Havana', '2026-11-01T05:00:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00:00Z'],
  ['Pacific/Auckland', '2026-04-04T14:00:00Z'],
  ['UTC', '2026-02-27T00:00:00Z'],
] as const

test('Quartz expressions of every kind come true when Quartz has them', () => {
  const lines = readFileSync(new URL('../../../quartz/cases.tsv', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n')
  const wrong: unknown[] = []
  let compared = 0
  for (const line of lines) {
    const [expression, zone, from] = line.split('\t')
    const at = Date.parse(from!)
    if (at < Date.UTC(2000, 0, 1) || at > Date.UTC(2090, 0, 1)) continue
    const both = compare(expression!, zone!, at, 10)
    if (both === null) continue
    compared++
    if (both.found.join() !== both.wanted.join())
      wrong.push({ line, wanted: both.wanted, found: both.found, n: both.calendars.length })
  }
  expect(wrong.slice(0, 5)).toEqual([])
  expect(compared).toBeGreaterThan(1500)
})

describe.each(EDGES)('around a change of clocks in %s (%s)', (zone, change) => {
  test.each([
    '30 2 * * *',
    '*/7 * * * *',
    '0 1,2,3 * * *',
    '15 */2 * * *',
    '59 23 13 * 5',
    '0 0 * * *',
    '0 0/5 * * * ?',
    '30 */20 1-3 * * ?',
    '0 30 2 ? * SUN',
    '0 0 0 L * ?',
    '0 15 2 15W * ?',
    '0 0 3 ? * 6#1',
    '0 0 2 ? * 1L',
    '0 59 23 29,L-2 * ?',
    '15 10 0/3 1,15 1-12/2 ? 2026-2030',
    '0 0,30 0-4 ? * MON-FRI',
  ])('%s comes true as computed, from wherever it is written', (expression) => {
    for (let hours = -27.25; hours <= 27; hours += 9) {
      const both = compare(expression, zone, Date.parse(change) + hours * 3_600_000, 60)
      expect([hours, both!.found]).toEqual([hours, both!.wanted])
    }
  })
})

test('any expression comes true as computed, for as far as it is written', () => {
  const value = (low: number, high: number) => fc.integer({ min: low, max: high })
  const field = (low: number, high: number) =>
    fc.oneof(
      fc.constant('*'),
      value(low, high).map(String),
      value(2, 9).map((step) => `${low}/${step}`),
      fc.uniqueArray(value(low, high), { minLength: 2, maxLength: 4 }).map((list) => list.join()),
    )
  const days = fc.oneof(
    fc.constantFrom('L', 'LW', 'L-3', '1W', '15W', '31W', '1,L', '*').map((day) => [day, '?']),
    fc.constantFrom('MON-FRI', '6#3', '2L', '1', '7,1', '4#5').map((day) => ['?', day]),
  )
  const quartz = fc
    .tuple(fc.constantFrom('0', '30', '5,35'), field(0, 59), field(0, 23), days, field(1, 12))
    .map(([second, minute, hour, [day, weekday], month]) => `${second} ${minute} ${hour} ${day} ${month} ${weekday}`)
  const star = (text: string) => text.replace(/^\d+\//, '*/')
  const unix = fc
    .tuple(field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6))
    .map((fields) => fields.map(star).join(' '))
  const from = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2028, 11, 31) })
  fc.assert(
    fc.property(fc.oneof(quartz, unix), fc.constantFrom(...EDGES), from, (expression, [zone], at) => {
      const both = compare(expression, zone, at, 150)
      expect(both!.found).toEqual(both!.wanted)
    }),
    { numRuns: 60 },
  )
})

test('is short, and is read in a moment', () => {
  const now = Date.parse('2026-11-28T09:30:00Z')
  const counted = Object.fromEntries(
    ['* * * * * ?', '0 0 5 * * ?', '0 0/15 8-18 ? * MON-FRI', '*/5 * * * *', '0 0 3 L * ?', '0 0 3 15W * ?'].map(
      (expression) => {
        const begun = performance.now()
        const both = compare(expression, 'Europe/Berlin', now, 1)
        expect(performance.now() - begun).toBeLessThan(2000)
        return [expression, both!.calendars.length]
      },
    ),
  )
  for (const [expression, length] of Object.entries(counted))
    expect([expression, length <= 60]).toEqual([expression, true])
})

test('holds for ever where no clock is changed and no month is counted', () => {
  for (const expression of ['0 0 5 * * ?', '0 0 5 ? * 6#3', '30 4 1,15 * 5', '0 0 0 31 * ? 2027/2'])
    expect([expression, compare(expression, 'UTC', Date.now(), 1)?.untilMs]).toEqual([expression, null])
  expect(compare('0 0 5 L * ?', 'UTC', Date.now(), 1)?.untilMs).toBeGreaterThan(Date.now() + 300 * DAY)
  expect(compare('0 0 5 * * ?', 'Europe/Berlin', Date.now(), 1)?.untilMs).toBeGreaterThan(Date.now() + 300 * DAY)
})
