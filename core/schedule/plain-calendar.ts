import type { Cron, QuartzDays, UnixCron, YearRange } from './cron.js'
import { EVERY, type UtcCalendar, upTo } from './utc-calendar.js'

/** An expression in UTC as calendars that hold for ever; null: its days depend on how long a month is. */
export function plainCalendar(cron: Cron): readonly UtcCalendar[] | null {
  const { minutes, hours, months } = cron
  if (cron.form === 'UNIX')
    return unixDays(cron).map((days) => ({ ...EVERY, seconds: [0], minutes, hours, months, ...days }))
  const days = quartzDays(cron.days)
  const years = listYears(cron.years)
  if (days === null) return null
  return years === null ? [] : [{ ...EVERY, seconds: cron.seconds, minutes, hours, months, years, ...days }]
}

type Days = Partial<Pick<UtcCalendar, 'days' | 'weekdays'>>

function unixDays({ daysOfMonth, weekdays, days }: UnixCron): readonly Days[] {
  return days === 'EITHER' ? [{ days: daysOfMonth }, { weekdays }] : [{ days: daysOfMonth, weekdays }]
}

function quartzDays(days: QuartzDays): Days | null {
  switch (days.by) {
    case 'DAY_OF_WEEK':
      return { weekdays: days.weekdays }
    case 'NTH_WEEKDAY':
      return { weekdays: [days.weekday], days: upTo(days.nth * 7 - 6, Math.min(days.nth * 7, 31)) }
    case 'LAST_WEEKDAY':
      return null
    case 'DAY_OF_MONTH': {
      const numbers = days.days.flatMap((one) => ('day' in one ? one.day : []))
      return numbers.length === days.days.length && days.nearestWeekdays.length === 0 ? { days: numbers } : null
    }
  }
}

/** Years that Temporal knows. */
const KNOWN = upTo(2000, 2100)

/** Empty: all of them; null: none. */
function listYears(ranges: readonly YearRange[]): readonly number[] | null {
  const fits = (year: number) =>
    ranges.some(({ from, to, step }) => year >= from && (to === null || year <= to) && (year - from) % step === 0)
  const years = KNOWN.filter(fits)
  if (years.length === KNOWN.length) return []
  return years.length === 0 ? null : years
}
