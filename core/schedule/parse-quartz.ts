import type { CronField, MonthDay, ParsedCron, QuartzDays, YearRange } from './cron.js'
import {
  DAY_NAMES,
  dayOfMonth,
  type FieldKind,
  hours,
  minutes,
  month,
  type Refuse,
  readOne,
  readStep,
  sorted,
  startProblems,
  valuesOf,
} from './read-values.js'

const seconds: FieldKind = { field: 'seconds', low: 0, high: 59 }
const dayOfWeek: FieldKind = {
  field: 'day of week',
  low: 1,
  high: 7,
  names: DAY_NAMES,
  counted: 'Sunday is 1, Saturday 7.',
}
/** Quartz takes any number; with fewer digits it is a slip. */
const year: FieldKind = { field: 'year', low: 1000, high: 9999 }
const FIRST_YEAR = 1970

/** 6 or 7 fields, in capitals. */
export function parseQuartz(parts: readonly string[]): ParsedCron {
  const { problems, refuseIn } = startProblems()
  const values = (index: number, kind: FieldKind) =>
    sorted(readList(parts[index]!, kind, refuseIn(kind.field), readValues))
  const cron = {
    form: 'QUARTZ' as const,
    seconds: values(0, seconds),
    minutes: values(1, minutes),
    hours: values(2, hours),
    days: readDays(parts[3]!, parts[5]!, refuseIn),
    months: values(4, month),
    years: readList(parts[6] ?? '*', year, refuseIn('year'), readYears),
  }
  if (problems.length > 0 || cron.days === null) return { ok: false, problems }
  return { ok: true, cron: { ...cron, days: cron.days } }
}

type ReadItem<Value> = (item: string, kind: FieldKind, refuse: Refuse) => Value[]

function readList<Value>(text: string, kind: FieldKind, refuse: Refuse, readItem: ReadItem<Value>): Value[] {
  const items = text.split(',')
  if (items.includes('')) {
    refuse(`The list \`${text}\` has an empty place.`)
    return []
  }
  return items.flatMap((item) => readItem(item, kind, refuse))
}

/** `*`, `5`, `5/10`, `5-9`, `5-9/2`, `MON`, `FRI-MON`; a step over all of them with or without `*`. */
function readValues(item: string, kind: FieldKind, refuse: Refuse): number[] {
  const range = readRange(item, kind, refuse)
  return range === null ? [] : valuesOf(range.from ?? kind.low, range.to ?? kind.high, range.step, kind)
}

function readYears(item: string, kind: FieldKind, refuse: Refuse): YearRange[] {
  const range = readRange(item, kind, refuse)
  if (range === null) return []
  const from = range.from ?? FIRST_YEAR
  if (range.to === null || range.to >= from) return [{ ...range, from }]
  refuse(`\`${item}\` ends before it starts.`)
  return []
}

/** `from` is null for all of them, `to` for as many as there are. */
function readRange(item: string, kind: FieldKind, refuse: Refuse) {
  const [, first = '', last, stepText] = /^([^/-]*)(?:-([^/-]*))?(?:\/(.*))?$/.exec(item) ?? []
  if (/^(\d*(L|W|#)(?![A-Z]{2})|\?)/.test(item)) return misplaced(item, kind, refuse)
  const step = readStep(stepText, last === undefined ? kind.high : Number.MAX_SAFE_INTEGER, refuse)
  if (item.startsWith('*') || item.startsWith('/')) {
    if (/^\*?(\/.*)?$/.test(item)) return step === null ? null : { from: null, to: null, step }
    refuse(`\`${item}\` has something behind \`*\`.`, 'Behind `*` there may be a step: `*/5`.')
    return null
  }
  if (first === '') refuse(`\`${item}\` is not a value, a range or a step.`)
  const named = [first, last].filter((text) => text !== undefined && /^[A-Z]/.test(text)).length
  if (named === 1 && last !== undefined) {
    refuse(`\`${item}\` mixes a name and a number.`, 'Write both as numbers, or both as names.')
    return null
  }
  if (named > 0 && stepText !== undefined) {
    refuse(
      `\`${item}\` is a step over names, which Quartz leaves out without a word.`,
      'Write numbers, such as `2-6/2`.',
    )
    return null
  }
  const from = first === '' ? null : readOne(first, kind, refuse)
  const to = last === undefined ? from : readOne(last, kind, refuse)
  if (from === null || to === null || step === null) return null
  return { from, to: last === undefined && stepText !== undefined ? null : to, step }
}

function misplaced(item: string, { field }: FieldKind, refuse: Refuse): null {
  if (!field.startsWith('day'))
    refuse(`\`${item}\` is only for days.`, '`?`, `L`, `W` and `#` belong in the day fields.')
  else if (item.startsWith('?')) refuse('`?` stands alone in its field.')
  else refuse(`\`${item}\` is not a day here.`, field === 'day of month' ? DAY_OF_MONTH_FORMS : DAY_OF_WEEK_FORMS)
  return null
}

const DAY_OF_MONTH_FORMS =
  'The last day is `L`, the third before it `L-3`, the weekday nearest to the 15th `15W`, to the last `LW`.'
const DAY_OF_WEEK_FORMS =
  'The last Friday of a month is `6L` or `FRIL`, the third `6#3` or `FRI#3`; each stands alone in the field.'

/** Null if it was refused. */
function readDays(ofMonth: string, ofWeek: string, refuseIn: (field: CronField) => Refuse): QuartzDays | null {
  if ((ofMonth === '?') === (ofWeek === '?')) {
    refuseIn('day of week')(
      ofWeek === '?' ? 'Both day fields are `?`.' : 'Both day fields name days, and Quartz goes by one of them.',
      ofWeek === '?'
        ? 'Every day is `*` for the one, `?` for the other.'
        : 'Write `?` into the other one. In the Unix form (5 fields) both may be set.',
    )
    return null
  }
  return ofWeek === '?'
    ? readDaysOfMonth(ofMonth, refuseIn(dayOfMonth.field))
    : readDaysOfWeek(ofWeek, refuseIn(dayOfWeek.field))
}

function readDaysOfMonth(text: string, refuse: Refuse): QuartzDays {
  const found = readList(text, dayOfMonth, refuse, (item): { day: MonthDay; nearest: boolean }[] => {
    const [whole, counted, before, named] = /^(?:(L)(?:-(\d{1,9}))?|(\d{1,9})(?=W))W?$/.exec(item) ?? []
    if (whole === undefined)
      return readValues(item, dayOfMonth, refuse).map((day) => ({ day: { day }, nearest: false }))
    const nearest = item.endsWith('W')
    if (counted === undefined) {
      const day = readOne(named!, dayOfMonth, refuse)
      return day === null ? [] : [{ day: { day }, nearest }]
    }
    const beforeLast = Number(before ?? 0)
    if (beforeLast <= MOST_BEFORE_LAST) return [{ day: { beforeLast }, nearest }]
    refuse(`\`${item}\` is more than ${MOST_BEFORE_LAST} days before the last.`)
    return []
  })
  const only = (wanted: boolean) => found.filter(({ nearest }) => nearest === wanted).map(({ day }) => day)
  return { by: 'DAY_OF_MONTH', days: only(false), nearestWeekdays: only(true) }
}

const MOST_BEFORE_LAST = 30

function readDaysOfWeek(text: string, refuse: Refuse): QuartzDays | null {
  if (text === 'L') return { by: 'DAY_OF_WEEK', weekdays: [6] }
  const [, day, last, nth] = /^([A-Z]{3}|\d{1,9})(?:(L)|#(.*))$/.exec(text) ?? []
  if (day === undefined) {
    const weekdays = readList(text, dayOfWeek, refuse, readValues).map((one) => one - 1)
    return { by: 'DAY_OF_WEEK', weekdays: sorted(weekdays) }
  }
  const one = readOne(day, dayOfWeek, refuse)
  if (nth?.includes(',')) {
    refuse('A day with `#` stands alone in its field.', 'Quartz knows one of them in an expression.')
    return null
  }
  if (last === undefined && !/^[1-5]$/.test(nth!)) {
    refuse(`\`${nth}\` after \`#\` is not a number from 1 to 5.`)
    return null
  }
  if (one === null) return null
  return last === undefined
    ? { by: 'NTH_WEEKDAY', weekday: one - 1, nth: Number(nth) }
    : { by: 'LAST_WEEKDAY', weekday: one - 1 }
}
