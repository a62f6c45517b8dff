import type { Cron, MonthDay, QuartzDays, UnixCron, YearRange } from './cron.js'

/** In words, for people: `At 05:00, on Monday to Friday, in January.` Always in the 24 hours of a day. */
export function describeCron(cron: Cron): string {
  const parts = [
    describeTime(cron.form === 'QUARTZ' ? cron.seconds : [0], cron.minutes, cron.hours),
    cron.form === 'QUARTZ' ? describeQuartzDays(cron.days) : describeUnixDays(cron),
    cron.months.length === 12 ? null : `in ${listOf(cron.months, (month) => MONTHS[month - 1]!)}`,
    cron.form === 'QUARTZ' ? describeYears(cron.years) : null,
  ]
  const text = parts.filter((part) => part !== null).join(', ')
  return `${text[0]!.toUpperCase()}${text.slice(1)}.`
}

const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June'].concat([
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
])
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const NTH = ['first', 'second', 'third', 'fourth', 'fifth']

/** So many are told one by one. */
const FEW_TIMES = 4

function describeTime(seconds: readonly number[], minutes: readonly number[], hours: readonly number[]): string {
  if (seconds.length * minutes.length * hours.length <= FEW_TIMES) {
    const pads = (...parts: readonly number[]) => parts.map((part) => String(part).padStart(2, '0')).join(':')
    const withSeconds = seconds.some((second) => second !== 0)
    const times = hours.flatMap((hour) =>
      minutes.flatMap((minute) => seconds.map((second) => pads(hour, minute, ...(withSeconds ? [second] : [])))),
    )
    return `at ${sentence(times)}`
  }
  const second = seconds.length === 1 && seconds[0] === 0 ? null : describeSixty(seconds, 'second')
  // `Every 10 seconds of every minute of every hour` says too much.
  const minute = minutes.length === 60 && second !== null ? null : describeSixty(minutes, 'minute')
  const all = hours.length === 24
  const hour = all
    ? minutes.length === 60
      ? null
      : 'every hour'
    : `hour${hours.length === 1 ? '' : 's'} ${listOf(hours)}`
  const of = [second, minute]
    .filter((part) => part !== null)
    .join(' of ')
    .replace(' of at ', ' of ')
  return hour === null || (all && /every \d* ?minute/.test(of)) ? of : `${of} of ${hour}`
}

function describeSixty(values: readonly number[], unit: string): string {
  if (values.length === 60) return `every ${unit}`
  const step = 60 / values.length
  const start = values[0]!
  const even = values.length > 1 && values.every((value, index) => value === start + index * step)
  if (even) return start === 0 ? `every ${step} ${unit}s` : `every ${step} ${unit}s from ${unit} ${start}`
  return `at ${unit}${values.length === 1 ? '' : 's'} ${listOf(values)}`
}

function describeQuartzDays(days: QuartzDays): string {
  switch (days.by) {
    case 'DAY_OF_MONTH':
      return describeMonthDays(days.days, days.nearestWeekdays)
    case 'DAY_OF_WEEK':
      return days.weekdays.length === 7 ? 'every day' : `on ${listOfWeekdays(days.weekdays)}`
    case 'NTH_WEEKDAY':
      return `on the ${NTH[days.nth - 1]} ${WEEKDAYS[days.weekday]} of the month`
    case 'LAST_WEEKDAY':
      return `on the last ${WEEKDAYS[days.weekday]} of the month`
  }
}

function describeMonthDays(days: readonly MonthDay[], nearest: readonly MonthDay[]): string {
  const numbers = days.flatMap((one) => ('day' in one ? one.day : []))
  if (numbers.length === 31 && nearest.length === 0) return 'every day'
  const parts = [
    ...(numbers.length === 0 ? [] : [`day ${listOf(numbers)}`]),
    ...days.flatMap((one) => ('day' in one ? [] : nameOf(one))),
    ...nearest.map((one) =>
      'beforeLast' in one && one.beforeLast === 0 ? 'the last weekday' : `the weekday nearest to ${nameOf(one)}`,
    ),
  ]
  return `on ${sentence(parts)} of the month`
}

function nameOf(one: MonthDay): string {
  if ('day' in one) return `day ${one.day}`
  if (one.beforeLast === 0) return 'the last day'
  return one.beforeLast === 1 ? 'the day before the last' : `the day ${one.beforeLast} days before the last`
}

function describeUnixDays({ daysOfMonth, weekdays, days }: UnixCron): string {
  const byNumber = describeMonthDays(
    daysOfMonth.map((day) => ({ day })),
    [],
  )
  const byWeekday = `on ${listOfWeekdays(weekdays)}`
  if (days === 'EITHER') return `${byNumber} or ${byWeekday}`
  if (weekdays.length === 7) return byNumber
  return daysOfMonth.length === 31 ? byWeekday : `${byNumber} if it is ${listOfWeekdays(weekdays, 'or')}`
}

function describeYears(years: readonly YearRange[]): string | null {
  if (years.some(({ from, to, step }) => from <= 1970 && to === null && step === 1)) return null
  const parts = years.map(({ from, to, step }) => {
    if (to === from) return `in ${from}`
    const end = to === null ? '' : ` to ${to}`
    return step === 1 ? `from ${from}${end}` : `every ${step} years from ${from}${end}`
  })
  return sentence(parts)
}

/** Weeks of people start on Monday. */
function listOfWeekdays(weekdays: readonly number[], word = 'and'): string {
  const fromMonday = weekdays.map((day) => (day === 0 ? 7 : day)).sort()
  return listOf(fromMonday, (day) => WEEKDAYS[day % 7]!, word)
}

/** `1 to 5, 7 and 9` */
function listOf(values: readonly number[], name: (value: number) => string = String, word = 'and'): string {
  const runs: number[][] = []
  for (const value of values) {
    const last = runs.at(-1)
    if (last !== undefined && last.at(-1) === value - 1) last.push(value)
    else runs.push([value])
  }
  const parts = runs.flatMap((run) => (run.length < 3 ? run.map(name) : `${name(run[0]!)} to ${name(run.at(-1)!)}`))
  return sentence(parts, word)
}

function sentence(parts: readonly string[], word = 'and'): string {
  if (parts.length < 2) return parts.join('')
  return `${parts.slice(0, -1).join(', ')} ${word} ${parts.at(-1)}`
}
