import { groupBy } from '../group-by.js'
import { EVERY, type UtcCalendar } from './utc-calendar.js'
import { DAY, lastDayOf, readWall } from './wall.js'

/** The times of one day: by the minute of the day, the seconds within it. */
export type DayTimes = ReadonlyMap<number, readonly number[]>

/** Days (counted from 1970, in UTC) that have the same times are written once, and so are months that have the same days. */
export function calendarsOf(days: ReadonlyMap<number, DayTimes>): readonly UtcCalendar[] {
  const keys = new Map<DayTimes, string>()
  const keyOf = (times: DayTimes): string => {
    const key = keys.get(times) ?? JSON.stringify([...times])
    keys.set(times, key)
    return key
  }
  const alike = groupBy([...days], ([, times]) => keyOf(times))
  return [...alike.values()].flatMap((same) => {
    const times = timesOf(same[0]![1])
    const dates = datesOf(same.map(([day]) => day))
    return dates.flatMap((date) => times.map((time) => ({ ...EVERY, ...date, ...time })))
  })
}

type Times = Pick<UtcCalendar, 'seconds' | 'minutes' | 'hours'>
type Dates = Pick<UtcCalendar, 'days' | 'months' | 'years'>

/** As few products of hours, minutes and seconds as come out of taking alike minutes and then alike hours together. */
function timesOf(day: DayTimes): readonly Times[] {
  const bySeconds = groupBy([...day], ([, seconds]) => seconds.join())
  return [...bySeconds.values()].flatMap((minutes) => {
    const seconds = minutes[0]![1]
    const byHour = groupBy(
      minutes.map(([minute]) => minute),
      (minute) => Math.floor(minute / 60),
    )
    const within = [...byHour].map(([hour, found]) => ({ hour, minutes: found.map((minute) => minute % 60) }))
    const hours = groupBy(within, (one) => one.minutes.join())
    return [...hours.values()].map((same) => ({
      seconds,
      minutes: same[0]!.minutes,
      hours: same.map(({ hour }) => hour),
    }))
  })
}

function datesOf(days: readonly number[]): readonly Dates[] {
  const read = days.map((day) => readWall(day * DAY))
  const byMonth = groupBy(read, ({ year, month }) => year * 12 + month)
  const months = [...byMonth.values()].map((found) => {
    const { year, month } = found[0]!
    const whole = found.length === lastDayOf(year, month)
    return { year, month, days: whole ? EVERY.days : found.map(({ day }) => day) }
  })
  const sameDays = groupBy(months, (one) => `${one.year}:${one.days.join()}`)
  const years = [...sameDays.values()].map((same) => ({
    year: same[0]!.year,
    days: same[0]!.days,
    months: same.map(({ month }) => month),
  }))
  const sameMonths = groupBy(years, (one) => `${one.months.join()}:${one.days.join()}`)
  return [...sameMonths.values()].map((same) => ({
    days: same[0]!.days,
    months: same[0]!.months,
    years: same.map(({ year }) => year),
  }))
}
