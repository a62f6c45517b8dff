import { nextTimes } from './next-times.js'
import { parseCron } from './parse-cron.js'
import type { Schedule } from './schedule.js'
import { openZone } from './zone.js'

/** The next time after `afterMs` at which the calendar starts an execution; null: there is none, or no calendar. */
export function firstFire(schedule: Calendar, afterMs: number): Date | null {
  const [first] = fires(schedule, afterMs, 1)
  return first === undefined ? null : new Date(first)
}

/** What of a schedule says when. */
export type Calendar = Pick<Schedule, 'cron' | 'timezone' | 'startAt' | 'endAt'>

/** The next times after `afterMs`, between start and end; both belong to it. */
export function fires({ cron: text, timezone, startAt, endAt }: Calendar, afterMs: number, count: number): number[] {
  if (text === null) return []
  const parsed = parseCron(text)
  const zone = openZone(timezone)
  if (!parsed.ok || zone === null) return []
  const from = startAt === null ? afterMs : Math.max(afterMs, Date.parse(startAt) - 1)
  const lastYear = new Date(from).getUTCFullYear() + YEARS_AHEAD
  const end = endAt === null ? Number.POSITIVE_INFINITY : Date.parse(endAt)
  return nextTimes(parsed.cron, zone, { from, count, lastYear }).filter((at) => at <= end)
}

/** As Quartz looks. */
const YEARS_AHEAD = 100
