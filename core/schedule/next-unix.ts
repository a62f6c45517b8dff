import type { UnixCron } from './cron.js'
import { DAY, lastDayOf, readWall, SECOND, wallAt, weekdayOf } from './wall.js'
import type { Zone } from './zone.js'

const MINUTE = 60 * SECOND

/**
 * The first time after `from` as Vixie cron has it, or null. Times of the day: one in a gap of the time zone comes at the
 * first moment behind it, one that clocks show twice comes once, at the first. Where hour or minute begin with `*`, the clock
 * is followed: nothing is made up for, and a repeated hour is an hour like any other.
 */
export function nextUnix(cron: UnixCron, zone: Zone, from: number, lastYear: number): number | null {
  return cron.followsClock ? byClock(cron, zone, from, lastYear) : byTimeOfDay(cron, zone, from, lastYear)
}

function byTimeOfDay(cron: UnixCron, zone: Zone, from: number, lastYear: number): number | null {
  const shown = from + zone.offsetAt(from)
  const change = zone.changeBetween(from - DAY, from)
  // What is shown a second time has had its turn.
  const had = change === null ? shown : Math.max(shown, change.at + change.before - 1)
  const wall = nextWall(cron, had, lastYear)
  if (wall === null) return null
  const settled = zone.settle(wall)
  if (settled.kind === 'NEVER') return settled.change.at
  return settled.kind === 'TWICE' ? settled.first : settled.at
}

function byClock(cron: UnixCron, zone: Zone, from: number, lastYear: number): number | null {
  let at = from
  let shown = from + zone.offsetAt(from)
  for (;;) {
    const wall = nextWall(cron, shown, lastYear)
    if (wall === null) return null
    const unchanged = wall - zone.offsetAt(at)
    let change = zone.changeBetween(at, Math.min(unchanged, at + DAY))
    if (change === null) {
      if (unchanged <= at + DAY) return unchanged
      const settled = zone.settle(wall)
      if (settled.kind !== 'NEVER') return settled.kind === 'TWICE' ? settled.first : settled.at
      change = settled.change
    }
    // From the change on, clocks are followed as they show it then.
    at = change.at
    shown = change.at + change.after - 1
  }
}

/** The first minute after `shown` whose fields fit. */
function nextWall(cron: UnixCron, shown: number, lastYear: number): number | null {
  const start = readWall(Math.floor(shown / MINUTE) * MINUTE + MINUTE)
  const today = timeFrom(cron, start.hour, start.minute)
  let { year, month, day } = start
  if (today !== null && isDay(cron, year, month, day)) return wallAt(year, month, day, today.hour, today.minute)
  for (;;) {
    day++
    if (day > lastDayOf(year, month) || !cron.months.includes(month)) {
      day = 1
      month++
    }
    if (month > 12) {
      month = 1
      year++
    }
    if (year > lastYear) return null
    if (isDay(cron, year, month, day)) return wallAt(year, month, day, cron.hours[0], cron.minutes[0])
  }
}

function timeFrom({ hours, minutes }: UnixCron, hour: number, minute: number) {
  const left = hours.includes(hour) ? minutes.find((one) => one >= minute) : undefined
  if (left !== undefined) return { hour, minute: left }
  const later = hours.find((one) => one > hour)
  return later === undefined ? null : { hour: later, minute: minutes[0]! }
}

function isDay({ months, daysOfMonth, weekdays, days }: UnixCron, year: number, month: number, day: number): boolean {
  if (!months.includes(month)) return false
  const byNumber = daysOfMonth.includes(day)
  const byWeekday = weekdays.includes(weekdayOf(year, month, day))
  return days === 'EITHER' ? byNumber || byWeekday : byNumber && byWeekday
}
