import { nearestHint } from '../spec/nearest.js'
import type { CronField, CronProblem } from './cron.js'

/** What a field may hold. */
export interface FieldKind {
  readonly field: CronField
  readonly low: number
  readonly high: number
  /** The first stands for the lowest. */
  readonly names?: readonly string[]
  /** How its numbers are counted. */
  readonly counted?: string
}

export type Refuse = (message: string, hint?: string | null) => void

/** Collects what is refused, each with its field. */
export function startProblems() {
  const problems: CronProblem[] = []
  const refuseIn =
    (field: CronField): Refuse =>
    (message, hint = null) =>
      problems.push({ field, message: `${field[0]!.toUpperCase()}${field.slice(1)}: ${message}`, hint })
  return { problems, refuseIn }
}

export const MONTH_NAMES = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC']
export const DAY_NAMES = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

/** The same in every form. */
export const minutes: FieldKind = { field: 'minutes', low: 0, high: 59 }
export const hours: FieldKind = { field: 'hours', low: 0, high: 23 }
export const dayOfMonth: FieldKind = { field: 'day of month', low: 1, high: 31 }
export const month: FieldKind = { field: 'month', low: 1, high: 12, names: MONTH_NAMES }

/** A number or a name; null if it was refused. */
export function readOne(text: string, kind: FieldKind, refuse: Refuse): number | null {
  const { low, high, names = [], counted = null } = kind
  const named = names.indexOf(text)
  if (named >= 0) return named + low
  if (/^\d{1,9}$/.test(text)) {
    const value = Number(text)
    if (value >= low && value <= high) return value
    refuse(`\`${text}\` is not between ${low} and ${high}.`, counted)
    return null
  }
  const hint = names.find((name) => text.startsWith(name))
  const known = names.length === 0 ? null : `The names are ${names.join(', ')}.`
  refuse(
    `\`${text}\` is not ${names.length > 0 ? 'a number or a name' : 'a number'}.`,
    hint === undefined ? (nearestHint(text, names) ?? known) : `Write \`${hint}\`.`,
  )
  return null
}

/** Null if it was refused. */
export function readStep(text: string | undefined, most: number, refuse: Refuse): number | null {
  if (text === undefined) return 1
  if (!/^\d{1,9}$/.test(text)) refuse(`\`${text}\` after \`/\` is not a number.`)
  else if (Number(text) === 0) refuse('A step of 0 leads nowhere.', 'Steps start at 1.')
  else if (Number(text) > most) refuse(`A step of ${text} is more than ${most}, the most in this field.`)
  else return Number(text)
  return null
}

/** From one to the other; where the end comes first, past the highest and on from the lowest. */
export function valuesOf(from: number, to: number, step: number, { low, high }: FieldKind): number[] {
  const span = high - low + 1
  const end = to < from ? to + span : to
  const values: number[] = []
  for (let value = from; value <= end; value += step) values.push(((value - low) % span) + low)
  return values
}

export function sorted(values: readonly number[]): readonly number[] {
  return [...new Set(values)].sort((a, b) => a - b)
}
