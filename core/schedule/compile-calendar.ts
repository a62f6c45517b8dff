import type { Cron } from './cron.js'
import { calendarsOf, type DayTimes } from './day-times.js'
import { looksAhead, settledBefore } from './fires.js'
import { nextTimes } from './next-times.js'
import { plainCalendar } from './plain-calendar.js'
import type { UtcCalendar } from './utc-calendar.js'
import { DAY, SECOND } from './wall.js'
import { openZone, type Zone } from './zone.js'

export interface CompiledCalendar {
  readonly calendars: readonly UtcCalendar[]
  /** They are complete up to there; null: for ever. */
  readonly untilMs: number | null
}

/**
 * Writes a cron expression out in UTC: neither dialects nor clock changes are left to whoever follows it. Days on which
 * nothing special happens are worked out by their pattern; those near a clock change, and those of `W`, time by time. What
 * has passed since yesterday may be in it.
 */
export function compileCalendar(cron: Cron, zone: Zone, fromMs: number): CompiledCalendar {
  const plain = isUtc(zone, fromMs) ? plainCalendar(cron) : null
  if (plain !== null) return { calendars: plain, untilMs: null }
  const today = Math.floor(fromMs / DAY)
  const [first, last] = [today - 1, today + HORIZON_DAYS]
  const { days, end } = looksAhead(cron) ? timeByTime(cron, zone, first, last) : byPattern(cron, zone, first, last)
  return { calendars: calendarsOf(days), untilMs: end * DAY }
}

const HORIZON_DAYS = 400
/** For a moment or two of work. */
const MOST_TIMES = 300_000
const DAY_MINUTES = 1440
const MINUTE = 60 * SECOND
const LIFETIME = 73 * 365 * DAY

function isUtc(zone: Zone, fromMs: number): boolean {
  return zone.offsetAt(fromMs) === 0 && zone.changeBetween(fromMs - 2 * DAY, fromMs + LIFETIME) === null
}

interface Written {
  readonly days: ReadonlyMap<number, DayTimes>
  /** The first day that is not written. */
  readonly end: number
}

/** Days are counted from 1970 in UTC. */
function timeByTime(cron: Cron, zone: Zone, first: number, last: number): Written {
  const instants: number[] = []
  let at = settledBefore(cron, zone, first * DAY)
  for (let count = 0; count < MOST_TIMES; count++) {
    const [next] = nextTimes(cron, zone, { from: at, count: 1, lastYear: yearOf(last) })
    if (next === undefined || next >= (last + 1) * DAY) return { days: byDay(instants), end: last + 1 }
    if (next >= first * DAY) instants.push(next)
    at = next
  }
  const end = Math.floor(at / DAY)
  return { days: byDay(instants.filter((instant) => instant < end * DAY)), end }
}

function byDay(instants: readonly number[]): Map<number, DayTimes> {
  const days = new Map<number, Map<number, number[]>>()
  for (const instant of instants) {
    const day = Math.floor(instant / DAY)
    const minute = Math.floor((instant - day * DAY) / MINUTE)
    const minutes = days.get(day) ?? new Map<number, number[]>()
    minutes.set(minute, [...(minutes.get(minute) ?? []), ((instant % MINUTE) / SECOND) | 0])
    days.set(day, minutes)
  }
  return days
}

/** Clocks are changed on whole minutes: seconds have no part in it. */
function byPattern(cron: Cron, zone: Zone, first: number, last: number): Written {
  const seconds = cron.form === 'QUARTZ' ? cron.seconds : [0]
  const local = localDays(cron, first - 2, last + 2)
  const ofMinutes = cron.form === 'QUARTZ' ? { ...cron, seconds: [0] } : cron
  const timesOf = (minutes: readonly number[]): DayTimes => new Map(minutes.map((minute) => [minute, seconds]))
  const patterns = new Map<string, DayTimes>()
  const patternOf = (day: number): DayTimes => {
    const offset = zone.offsetAt(day * DAY) / MINUTE
    const fit = [-1, 0, 1].map((near) => local.has(day + near))
    const key = `${offset}:${fit.join()}`
    const times = patterns.get(key) ?? timesOf(shifted(cron, fit, offset))
    patterns.set(key, times)
    return times
  }
  const days = new Map<number, DayTimes>()
  for (let day = first; day <= last; day++) {
    const isCalm = zone.changeBetween((day - 1) * DAY, (day + 2) * DAY) === null
    const times = isCalm ? patternOf(day) : timesOf(minutesOf(ofMinutes, zone, day))
    if (times.size > 0) days.set(day, times)
  }
  return { days, end: last + 1 }
}

/** Days of the calendar on the wall that fit; at noon no clock is changed. */
function localDays(cron: Cron, first: number, last: number): ReadonlySet<number> {
  const noon = { hours: [12], minutes: [0] }
  const atNoon: Cron = cron.form === 'QUARTZ' ? { ...cron, ...noon, seconds: [0] } : { ...cron, ...noon }
  const search = { from: first * DAY - 1, count: last - first + 1, lastYear: yearOf(last) }
  return new Set(nextTimes(atNoon, openZone('UTC')!, search).map((at) => Math.floor(at / DAY)))
}

/** The minutes of a day in UTC, of which the days on the wall before, of and after it fit or do not. */
function shifted({ hours, minutes }: Cron, fit: readonly boolean[], offset: number): number[] {
  const found: number[] = []
  for (let minute = 0; minute < DAY_MINUTES; minute++) {
    const shown = minute + offset + DAY_MINUTES
    const ofDay = shown % DAY_MINUTES
    if (fit[Math.floor(shown / DAY_MINUTES)] && hours.includes(Math.floor(ofDay / 60)) && minutes.includes(ofDay % 60))
      found.push(minute)
  }
  return found
}

function minutesOf(cron: Cron, zone: Zone, day: number): number[] {
  const found: number[] = []
  let at = settledBefore(cron, zone, day * DAY - 1)
  for (;;) {
    const [next] = nextTimes(cron, zone, { from: at, count: 1, lastYear: yearOf(day + 1) })
    if (next === undefined || next >= (day + 1) * DAY) return found
    if (next >= day * DAY) found.push(Math.floor((next - day * DAY) / MINUTE))
    at = next
  }
}

function yearOf(day: number): number {
  return new Date(day * DAY).getUTCFullYear() + 1
}
