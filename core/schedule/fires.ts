import type { Cron } from './cron.js'
import { nextTimes } from './next-times.js'
import { parseCron } from './parse-cron.js'
import type { Schedule } from './schedule.js'
import { DAY, HOUR, SECOND } from './wall.js'
import { openZone, type Zone } from './zone.js'

/** What of a schedule says when. */
export type Calendar = Pick<Schedule, 'cron' | 'timezone' | 'startAt' | 'endAt'>

/** The next times after `afterMs`, between start and end; both belong to it. None where there is no calendar. */
export function fires({ cron: text, timezone, startAt, endAt }: Calendar, afterMs: number, count: number): number[] {
  if (text === null) return []
  const parsed = parseCron(text)
  const zone = openZone(timezone)
  if (!parsed.ok || zone === null) return []
  const from = startAt === null ? afterMs : Math.max(afterMs, Date.parse(startAt) - 1)
  const end = endAt === null ? Number.POSITIVE_INFINITY : Date.parse(endAt)
  return timesAfter(parsed.cron, zone, from, count).filter((at) => at <= end)
}

export function firstFire(calendar: Calendar, afterMs: number): Date | null {
  const [first] = fires(calendar, afterMs, 1)
  return first === undefined ? null : new Date(first)
}

/** Whether the calendar has exactly this time. */
export function isFire(calendar: Calendar, atMs: number): boolean {
  return fires(calendar, atMs - 1, 1)[0] === atMs
}

/**
 * The times as a clock that never stopped meets them. What Quartz answers may depend on where it is asked from: near changes
 * of clocks, and with `W`; so it is asked from before.
 */
export function timesAfter(cron: Cron, zone: Zone, afterMs: number, count: number): readonly number[] {
  const lastYear = new Date(afterMs).getUTCFullYear() + YEARS_AHEAD
  for (let from = settledBefore(cron, zone, afterMs); ; ) {
    if (from === afterMs) return nextTimes(cron, zone, { from, count, lastYear })
    const [next] = nextTimes(cron, zone, { from, count: 1, lastYear })
    if (next === undefined) return []
    if (next > afterMs) return [next, ...nextTimes(cron, zone, { from: next, count: count - 1, lastYear })]
    from = next
  }
}

/** `W` finds days by others. */
export function looksAhead(cron: Cron): boolean {
  return cron.form === 'QUARTZ' && cron.days.by === 'DAY_OF_MONTH' && cron.days.nearestWeekdays.length > 0
}

/** As Quartz looks. */
const YEARS_AHEAD = 100

/** The moment itself, or one before it from which the times after it are found as they come. */
export function settledBefore(cron: Cron, zone: Zone, ms: number): number {
  if (cron.form === 'UNIX') return ms
  if (looksAhead(cron)) {
    const day = new Date(ms)
    return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() - 1, 1) - 2 * DAY
  }
  const change = zone.changeBetween(ms - DAY, ms + FURTHEST_FOLD)
  if (change === null) return ms
  const before = change.at - Math.abs(change.after - change.before) - SECOND
  return Math.min(before, ms)
}

/** No hours that come again are more. */
const FURTHEST_FOLD = 3 * HOUR
