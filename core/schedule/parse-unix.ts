import type { ParsedCron } from './cron.js'
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

const dayOfWeek: FieldKind = { field: 'day of week', low: 0, high: 7, names: DAY_NAMES, counted: 'Sunday is 0 and 7.' }

/** 5 fields, in capitals. */
export function parseUnix(parts: readonly string[]): ParsedCron {
  const { problems, refuseIn } = startProblems()
  const values = (index: number, kind: FieldKind) => readField(parts[index]!, kind, refuseIn(kind.field))
  // Vixie: `*/2` counts as a star too.
  const starred = (index: number) => parts[index]!.startsWith('*')
  const cron = {
    form: 'UNIX' as const,
    minutes: sorted(values(0, minutes)),
    hours: sorted(values(1, hours)),
    daysOfMonth: sorted(values(2, dayOfMonth)),
    months: sorted(values(3, month)),
    weekdays: sorted(values(4, dayOfWeek).map((day) => day % 7)),
    days: starred(2) || starred(4) ? ('BOTH' as const) : ('EITHER' as const),
    followsClock: starred(0) || starred(1),
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, cron }
}

function readField(text: string, kind: FieldKind, refuse: Refuse): number[] {
  const items = text.split(',')
  if (!items.includes('')) return items.flatMap((item) => readItem(item, kind, refuse))
  refuse(`The list \`${text}\` has an empty place.`)
  return []
}

function readItem(item: string, kind: FieldKind, refuse: Refuse): number[] {
  const [whole, first, last, stepText] = /^(\*|[^*/-]+)(?:-([^*/-]+))?(?:\/(.*))?$/.exec(item) ?? []
  if (whole === undefined || (first === '*' && last !== undefined)) {
    refuse(`\`${item}\` is not a value, a range or a step.`)
    return []
  }
  if (/^(\d*(L|W|#)(?![A-Z]{2})|\?)/.test(item)) {
    refuse(
      `\`${item}\` is not of the Unix form (5 fields).`,
      'The Quartz form has it, with seconds as its first of 6 fields.',
    )
    return []
  }
  const step = readStep(stepText, Number.MAX_SAFE_INTEGER, refuse)
  if (first === '*') return step === null ? [] : valuesOf(kind.low, kind.high, step, kind)
  const from = readOne(first!, kind, refuse)
  const to = last === undefined ? from : readOne(last, kind, refuse)
  if (from === null || to === null || step === null) return []
  if (last === undefined && stepText !== undefined) {
    refuse(`\`${item}\` is a step without a range.`, `Write \`${first}-${kind.high}/${stepText}\`.`)
    return []
  }
  if (to < from) {
    refuse(
      `\`${item}\` ends before it starts.`,
      endsOnSunday(kind, to)
        ? `Sunday is 7 too: \`${from}-7\`.`
        : `Write two ranges: \`${from}-${kind.high},${kind.low}-${to}\`.`,
    )
    return []
  }
  return valuesOf(from, to, step, kind)
}

function endsOnSunday({ field }: FieldKind, to: number): boolean {
  return field === 'day of week' && to === 0
}
