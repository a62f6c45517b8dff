import type { MonthDay, QuartzCron, QuartzDays, YearRange } from './cron.js'
import { lastDayOf, type Reading, readWall, SECOND, wallAt, weekdayOf } from './wall.js'
import type { Zone } from './zone.js'

/**
 * The first time after `from` as Quartz 2.5 finds it, or null. The clock on the wall is turned forward, from the smallest
 * field to the largest, until all fields fit (a month or year that does not fit is left at once); each turn may land in a gap of the time zone, and comes out behind it. A time
 * that clocks show twice is the second. `test/quartz` has Quartz's own answers.
 */
export function nextQuartz(cron: QuartzCron, zone: Zone, from: number, lastYear: number): number | null {
  const earliest = Math.floor(from / SECOND) * SECOND + SECOND
  let wall = land(zone, earliest + zone.offsetAt(earliest))
  for (;;) {
    const now = readWall(wall)
    if (now.year > lastYear) return null
    const year = yearFrom(cron.years, now.year)
    if (year === null) return null
    const turned =
      turnMonth(cron, zone, now, year) ?? turnTime(cron, zone, now) ?? turnDay(cron.days, zone, now, earliest)
    if (turned.found) return momentOf(zone, turned.wall)
    wall = turned.wall
  }
}

interface Turned {
  readonly wall: number
  /** Nothing is left to be turned. */
  readonly found: boolean
}

/** Null: month and year fit. */
function turnMonth({ months }: QuartzCron, zone: Zone, now: Reading, year: number): Turned | null {
  if (year !== now.year) return to(zone, wallAt(year, months[0]!, 1))
  const month = firstFrom(months, now.month)
  if (month === now.month) return null
  return to(zone, month === null ? wallAt(year + 1, months[0]!, 1) : wallAt(year, month, 1))
}

/** Null: second, minute and hour fit. */
function turnTime(cron: QuartzCron, zone: Zone, now: Reading): Turned | null {
  const { year, month, day } = now
  const second = firstFrom(cron.seconds, now.second)
  if (second !== now.second) {
    const carry = second === null ? 1 : 0
    return to(zone, wallAt(year, month, day, now.hour, now.minute + carry, second ?? cron.seconds[0]!))
  }
  const minute = firstFrom(cron.minutes, now.minute)
  if (minute !== now.minute) {
    const hour = now.hour + (minute === null ? 1 : 0)
    return toHour(zone, wallAt(year, month, day, hour, minute ?? cron.minutes[0]!), hour)
  }
  const hour = firstFrom(cron.hours, now.hour)
  if (hour === now.hour) return null
  const first = cron.hours[0]!
  return toHour(zone, wallAt(year, month, day + (hour === null ? 1 : 0), hour ?? first), hour ?? first)
}

function turnDay(days: QuartzDays, zone: Zone, now: Reading, earliest: number): Turned {
  const { year, month, hour, minute, second } = now
  const fitting = fittingDay(days, now)
  const weekday = days.by === 'DAY_OF_MONTH' ? nearestWeekday(days.nearestWeekdays, zone, now, earliest) : null
  // Quartz keeps the time of day here, and so may pass over earlier times of that day.
  if (weekday !== null && (fitting === null || weekday <= fitting))
    return { wall: land(zone, wallAt(year, month, weekday, hour, minute, second)), found: true }
  if (fitting === null) return to(zone, wallAt(year, month + 1, 1))
  if (fitting !== now.day) return to(zone, wallAt(year, month, fitting))
  return { wall: wallAt(year, month, now.day, hour, minute, second), found: true }
}

/** The first day of this month, from this one on, that fits. */
function fittingDay(days: QuartzDays, { year, month, day, weekday }: Reading): number | null {
  const last = lastDayOf(year, month)
  const upTo = (found: number, most: number) => (found <= most ? found : null)
  switch (days.by) {
    case 'DAY_OF_MONTH':
      return dayFrom(days.days, day, last)
    case 'DAY_OF_WEEK':
      return upTo(day + Math.min(...days.weekdays.map((one) => (one - weekday + 7) % 7)), last)
    case 'NTH_WEEKDAY': {
      const found = firstOf(days.weekday, year, month) + (days.nth - 1) * 7
      return found < day ? null : upTo(found, last)
    }
    case 'LAST_WEEKDAY': {
      const first = firstOf(days.weekday, year, month)
      const found = first + Math.floor((last - first) / 7) * 7
      return found < day ? null : found
    }
  }
}

function firstOf(weekday: number, year: number, month: number): number {
  return 1 + ((weekday - weekdayOf(year, month, 1) + 7) % 7)
}

/** Quartz looks for days that are still to come by their number, and not by the weekday beside them. */
function nearestWeekday(days: readonly MonthDay[], zone: Zone, now: Reading, earliest: number): number | null {
  const { year, month, hour, minute, second } = now
  const last = lastDayOf(year, month)
  const named = dayFrom(days, now.day, last)
  if (named === null) return null
  const weekday = weekdayOf(year, month, named)
  let day = named
  if (weekday === 6) day += named === 1 ? 2 : -1
  if (weekday === 0) day += named === last ? -2 : 1
  const wall = land(zone, wallAt(year, month, day, hour, minute, second))
  return momentOf(zone, wall) < earliest ? null : day
}

/** Quartz takes `L-n` to be as late as in a month of 31 days when it compares it with a number, and so may pass over it. */
function dayFrom(days: readonly MonthDay[], day: number, last: number): number | null {
  let number: number | null = null
  let beforeLast: number | null = null
  for (const one of days) {
    if ('day' in one) {
      if (one.day >= day && one.day <= last && (number === null || one.day < number)) number = one.day
    } else if (last - one.beforeLast >= day && (beforeLast === null || one.beforeLast > beforeLast)) {
      beforeLast = one.beforeLast
    }
  }
  if (beforeLast === null || (number !== null && number < 31 - beforeLast)) return number
  return last - beforeLast
}

function yearFrom(years: readonly YearRange[], year: number): number | null {
  let first: number | null = null
  for (const { from, to, step } of years) {
    const next = year <= from ? from : from + Math.ceil((year - from) / step) * step
    if ((to === null || next <= to) && (first === null || next < first)) first = next
  }
  return first
}

function firstFrom(values: readonly number[], value: number): number | null {
  for (const one of values) if (one >= value) return one
  return null
}

const to = (zone: Zone, wall: number): Turned => ({ wall: land(zone, wall), found: false })

/** If the hour is in a gap, the next one. */
function toHour(zone: Zone, wall: number, hour: number): Turned {
  const landed = land(zone, wall)
  const now = readWall(landed)
  if (now.hour === hour || hour === 24) return { wall: landed, found: false }
  return to(zone, wallAt(now.year, now.month, now.day, hour + 1, now.minute, now.second))
}

/** What clocks show instead of a time in a gap: it is as far behind the gap as it would have been in it. */
function land(zone: Zone, wall: number): number {
  const settled = zone.settle(wall)
  return settled.kind === 'NEVER' ? wall + settled.change.after - settled.change.before : wall
}

function momentOf(zone: Zone, wall: number): number {
  const settled = zone.settle(wall)
  if (settled.kind === 'NEVER') return wall - settled.change.before
  return settled.kind === 'TWICE' ? settled.second : settled.at
}
