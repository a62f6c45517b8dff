/** The Unix form: Vixie's rules for days, and for changes of clocks. */
import { describe, expect, it, test } from '@jest/globals'
import fc from 'fast-check'
import { nextTimes } from '../../../../core/schedule/next-times.js'
import { parseCron } from '../../../../core/schedule/parse-cron.js'
import { openZone } from '../../../../core/schedule/zone.js'

function next(expression: string, zone: string, from: string | number, count: number): string[] {
  const parsed = parseCron(expression)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const moment = typeof from === 'string' ? Date.parse(from) : from
  const times = nextTimes(parsed.cron, openZone(zone)!, { from: moment, count, lastYear: 2126 })
  return times.map((time) => new Date(time).toISOString().replace(':00.000', ''))
}

const days = (expression: string, count: number) =>
  next(expression, 'UTC', '2026-01-01T00:00Z', count).map((time) => time.slice(5, 10))

describe('days', () => {
  it('of either field where both are set', () => {
    expect(days('0 12 13 * 5', 5)).toEqual(['01-02', '01-09', '01-13', '01-16', '01-23'])
  })

  it('of both fields where one begins with a star, with or without a step', () => {
    expect(days('0 12 * * 5', 3)).toEqual(['01-02', '01-09', '01-16'])
    expect(days('0 12 13 * *', 3)).toEqual(['01-13', '02-13', '03-13'])
    expect(days('0 12 */2 * 5', 3)).toEqual(['01-09', '01-23', '02-13'])
  })

  it('has Sunday as 0, as 7 and by name', () => {
    for (const sunday of ['0', '7', 'sun', 'SUN', '7-7', '5-7/2'])
      expect(days(`0 12 * * ${sunday}`, 9)).toContain('01-04')
  })

  it('are found in leap years, or not at all', () => {
    expect(next('0 0 29 2 *', 'UTC', '2026-01-01T00:00Z', 2)).toEqual(['2028-02-29T00:00Z', '2032-02-29T00:00Z'])
    expect(days('0 0 30 2 *', 1)).toEqual([])
  })
})

test('a name with @ stands for its fields', () => {
  const fields = { '@hourly': '0 * * * *', '@daily': '0 0 * * *', '@weekly': '0 0 * * 0', '@monthly': '0 0 1 * *' }
  for (const [name, expression] of Object.entries({ ...fields, '@yearly': '0 0 1 1 *', '@Annually': '0 0 1 1 *' }))
    expect(next(name, 'UTC', '2026-03-15T10:00Z', 3)).toEqual(next(expression, 'UTC', '2026-03-15T10:00Z', 3))
})

describe('a change of clocks', () => {
  // Berlin, 29 March 2026: 02:00 is 03:00. 25 October: 03:00 is 02:00.
  const spring = '2026-03-29T00:30Z'
  const autumn = '2026-10-24T23:30Z'

  it('moves a time in the gap to the first moment behind it, once', () => {
    expect(next('30 2 * * *', 'Europe/Berlin', spring, 2)).toEqual(['2026-03-29T01:00Z', '2026-03-30T00:30Z'])
    expect(next('10,30,50 2 * * *', 'Europe/Berlin', spring, 2)).toEqual(['2026-03-29T01:00Z', '2026-03-30T00:10Z'])
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-03-29T01:00Z', 1)).toEqual(['2026-03-30T00:30Z'])
  })

  it('leaves a repeated time at its first', () => {
    expect(next('30 2 * * *', 'Europe/Berlin', autumn, 2)).toEqual(['2026-10-25T00:30Z', '2026-10-26T01:30Z'])
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-10-25T00:30Z', 1)).toEqual(['2026-10-26T01:30Z'])
    expect(next('30 2 * * *', 'Europe/Berlin', '2026-10-25T01:10Z', 1)).toEqual(['2026-10-26T01:30Z'])
  })

  it('is nothing to what follows the clock', () => {
    const minutes = (times: string[]) => times.map((time) => time.slice(11, 16))
    expect(minutes(next('*/30 * * * *', 'Europe/Berlin', spring, 3))).toEqual(['01:00', '01:30', '02:00'])
    expect(minutes(next('*/30 * * * *', 'Europe/Berlin', autumn, 5))).toEqual([
      '00:00',
      '00:30',
      '01:00',
      '01:30',
      '02:00',
    ])
    expect(minutes(next('15 * * * *', 'Europe/Berlin', spring, 2))).toEqual(['01:15', '02:15'])
    expect(next('*/30 2 * * *', 'Europe/Berlin', spring, 1)).toEqual(['2026-03-30T00:00Z'])
  })

  it('may be of half an hour, or at midnight', () => {
    // Lord Howe, 4 October 2026: 02:00 is 02:30. 5 April: 02:00 is 01:30.
    expect(next('15 2 * * *', 'Australia/Lord_Howe', '2026-10-03T12:00Z', 1)).toEqual(['2026-10-03T15:30Z'])
    expect(next('45 1 * * *', 'Australia/Lord_Howe', '2026-04-04T12:00Z', 2)).toEqual([
      '2026-04-04T14:45Z',
      '2026-04-05T15:15Z',
    ])
    // Havana, 8 March 2026: 00:00 is 01:00.
    expect(next('0 0 * * *', 'America/Havana', '2026-03-07T12:00Z', 1)).toEqual(['2026-03-08T05:00Z'])
  })
})

test('every minute of a few days around a change of clocks is decided as a watcher of the clock would', () => {
  fc.assert(
    fc.property(
      fc.nat(windows.length - 1),
      fc.integer({ min: DAY, max: 2 * DAY }),
      field(0, 59),
      field(0, 23),
      field(1, 31),
      field(0, 7),
      (which, start, minutes, hours, dates, weekdays) => {
        const window = windows[which]!
        const expression = [minutes, hours, dates, { text: '*' }, weekdays].map(({ text }) => text).join(' ')
        const expected = watch(window, { minutes, hours, dates, weekdays })
          .filter((index) => index > start)
          .map((index) => new Date(window.start + index * 60_000).toISOString().replace(':00.000', ''))
        const found = next(expression, window.zone, window.start + start * 60_000, 3)
        const inWindow = found.filter((time) => Date.parse(time) < window.start + window.walls.length * 60_000)
        expect({ expression, times: inWindow }).toEqual({ expression, times: expected.slice(0, 3) })
      },
    ),
    { numRuns: 300 },
  )
})

const DAY = 1440

interface Field {
  readonly text: string
  readonly has: (value: number) => boolean
}

function field(low: number, high: number): fc.Arbitrary<Field> {
  const star = fc.constant({ text: '*', has: () => true })
  const steps = fc.integer({ min: 2, max: 20 }).map((step) => ({
    text: `*/${step}`,
    has: (value: number) => (value - low) % step === 0 || (high === 7 && value === 0 && 7 % step === 0),
  }))
  const list = fc.array(fc.integer({ min: low, max: high }), { minLength: 1, maxLength: 6 }).map((values) => ({
    text: values.join(','),
    has: (value: number) => values.includes(value) || (high === 7 && value === 0 && values.includes(7)),
  }))
  return fc.oneof(star, steps, list, list)
}

/** What clocks show at each minute of five days, as milliseconds. */
interface Window {
  readonly zone: string
  readonly start: number
  readonly walls: readonly number[]
}

const windows: readonly Window[] = [
  ['Europe/Berlin', '2026-03-29'],
  ['Europe/Berlin', '2026-10-25'],
  ['America/Havana', '2026-03-08'],
  ['America/Havana', '2026-11-01'],
  ['America/Sao_Paulo', '2018-02-18'],
  ['Australia/Lord_Howe', '2026-10-04'],
  ['Australia/Lord_Howe', '2026-04-05'],
  ['Pacific/Apia', '2011-12-30'],
  ['Africa/Casablanca', '2026-02-15'],
].map(([zone, day]) => {
  const start = Date.parse(day!) - 2 * DAY * 60_000
  const hourCycle = 'h23'
  const format = new Intl.DateTimeFormat('sv-SE', {
    timeZone: zone!,
    dateStyle: 'short',
    timeStyle: 'medium',
    hourCycle,
  })
  const walls = Array.from({ length: 5 * DAY }, (_, index) => Date.parse(`${format.format(start + index * 60_000)}Z`))
  return { zone: zone!, start, walls }
})

/** The indexes of the minutes that fire. */
function watch({ walls }: Window, fields: Record<'minutes' | 'hours' | 'dates' | 'weekdays', Field>): number[] {
  const { minutes, hours, dates, weekdays } = fields
  const starred = (one: Field) => one.text.startsWith('*')
  const followsClock = starred(minutes) || starred(hours)
  const fits = (wall: number) => {
    const at = new Date(wall)
    const [byDate, byWeekday] = [dates.has(at.getUTCDate()), weekdays.has(at.getUTCDay())]
    const day = starred(dates) || starred(weekdays) ? byDate && byWeekday : byDate || byWeekday
    return day && hours.has(at.getUTCHours()) && minutes.has(at.getUTCMinutes())
  }
  let highest = walls[0]!
  const fired: number[] = []
  for (const [index, wall] of walls.entries()) {
    const before = highest
    highest = Math.max(highest, wall)
    if (followsClock) {
      if (fits(wall)) fired.push(index)
      continue
    }
    // All that clocks have not shown yet: one minute, none, or a gap.
    for (let shown = before + 60_000; shown <= wall; shown += 60_000) {
      if (!fits(shown)) continue
      fired.push(index)
      break
    }
  }
  return fired
}
