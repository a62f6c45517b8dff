/** What clocks on the wall show, as milliseconds: the moment at which clocks in UTC show the same. */
export interface Reading {
  readonly year: number
  /** 1 to 12. */
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  /** 0 (Sunday) to 6. */
  readonly weekday: number
}

export const SECOND = 1000
export const HOUR = 3_600_000
export const DAY = 86_400_000

export function readWall(wall: number): Reading {
  const days = Math.floor(wall / DAY)
  const rest = (wall - days * DAY) / SECOND
  // Years from March, so that the leap day is the last of a year: Howard Hinnant, chrono-compatible low-level date algorithms.
  const shifted = days + EPOCH
  const era = Math.floor(shifted / ERA)
  const ofEra = shifted - era * ERA
  const yearOfEra = Math.floor(
    (ofEra - Math.floor(ofEra / 1460) + Math.floor(ofEra / 36_524) - Math.floor(ofEra / 146_096)) / 365,
  )
  const ofYear = ofEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const fromMarch = Math.floor((5 * ofYear + 2) / 153)
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: ofYear - Math.floor((153 * fromMarch + 2) / 5) + 1,
    hour: Math.floor(rest / 3600),
    minute: Math.floor(rest / 60) % 60,
    second: Math.floor(rest % 60),
    weekday: weekdayOfDay(days),
  }
}

/** What is too large goes over into the next: day 32, hour 24, month 13. */
export function wallAt(year: number, month: number, day: number, hour = 0, minute = 0, second = 0): number {
  return daysUntil(year, month, day) * DAY + (hour * 3600 + minute * 60 + second) * SECOND
}

/** Days of 400 years, and from 1 March of year 0 to 1970. */
const ERA = 146_097
const EPOCH = 719_468

function daysUntil(year: number, month: number, day: number): number {
  const monthsFromMarch = month - 3
  const shiftedYear = year + Math.floor(monthsFromMarch / 12)
  const fromMarch = monthsFromMarch - Math.floor(monthsFromMarch / 12) * 12
  const leaps = Math.floor(shiftedYear / 4) - Math.floor(shiftedYear / 100) + Math.floor(shiftedYear / 400)
  return 365 * shiftedYear + leaps + Math.floor((153 * fromMarch + 2) / 5) + day - 1 - EPOCH
}

function weekdayOfDay(days: number): number {
  // 1 January 1970 was a Thursday.
  return (((days + 4) % 7) + 7) % 7
}

export function lastDayOf(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
}

/** 0 (Sunday) to 6. */
export function weekdayOf(year: number, month: number, day: number): number {
  return weekdayOfDay(daysUntil(year, month, day))
}
