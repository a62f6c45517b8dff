import { JobError } from '../errors/job-error.js'
import { nearestHint } from './nearest.js'
import type { ParameterDeclaration, ParameterType } from './settings.js'

/** Values given to a job's parameters: checked against their types, and written in one way. */
export function normaliseParameters(
  given: Readonly<Record<string, unknown>>,
  declarations: Readonly<Record<string, ParameterDeclaration>>,
): Record<string, string> {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(declarations, name)) continue
    const known = Object.keys(declarations)
    const hint =
      nearestHint(name, known) ?? (known.length > 0 ? `It has: ${known.join(', ')}.` : 'The job has no parameters.')
    throw new JobError('usage.invalid', `The job has no parameter \`${name}\`.`, { hint })
  }
  const values: Record<string, string> = {}
  for (const [name, { type, default: fallback }] of Object.entries(declarations)) {
    const value = Object.hasOwn(given, name) ? given[name] : fallback
    if (value === null || value === undefined) {
      throw new JobError('usage.invalid', `The parameter \`${name}\` needs a value.`, {
        hint: `Give it with --param ${name}=….`,
      })
    }
    values[name] = normaliseValue(name, type, value)
  }
  return values
}

/** One value in the way its type is written; throws `usage.invalid` naming the parameter. */
export function normaliseValue(name: string, type: ParameterType, value: unknown): string {
  const text =
    value instanceof Date ? value.toISOString() : typeof value === 'object' ? JSON.stringify(value) : String(value)
  const normal = NORMAL[type](type === 'STRING' ? text : text.trim())
  if (normal !== null) return normal
  throw new JobError(
    'usage.invalid',
    `The parameter \`${name}\` is ${FORM[type].article} ${type}, and '${text.slice(0, 60)}' is not.`,
    { hint: `Write it as ${FORM[type].example}.` },
  )
}

const FORM: Readonly<Record<ParameterType, { article: string; example: string }>> = {
  STRING: { article: 'a', example: 'text' },
  INT: { article: 'an', example: '42' },
  DECIMAL: { article: 'a', example: '12.50' },
  BOOLEAN: { article: 'a', example: 'true or false' },
  DATE: { article: 'a', example: '2001-01-31' },
  TIMESTAMP: { article: 'a', example: '2001-01-31T12:00:00Z' },
}

const NORMAL: Readonly<Record<ParameterType, (text: string) => string | null>> = {
  // A zero character ends a text in some databases, and would hide what follows.
  STRING: (text) => (text.includes('\0') ? null : text),
  INT: normaliseInt,
  DECIMAL: normaliseDecimal,
  BOOLEAN: (text) => (/^(true|false)$/i.test(text) ? text.toLowerCase() : null),
  DATE: normaliseDate,
  TIMESTAMP: normaliseTimestamp,
}

function normaliseInt(text: string): string | null {
  if (!/^[+-]?\d{1,19}$/.test(text)) return null
  const value = BigInt(text.replace('+', ''))
  return value >= -(2n ** 63n) && value < 2n ** 63n ? value.toString() : null
}

function normaliseDecimal(text: string): string | null {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text)
  if (match === null || `${match[2]}${match[3] ?? ''}` === '') return null
  const whole = match[2]!.replace(/^0+(?=\d)/, '') || '0'
  const fraction = match[3] ?? ''
  if (whole.length + fraction.length > 38) return null
  return `${match[1] === '-' ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`
}

function normaliseDate(text: string): string | null {
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:T00:00:00(?:\.0+)?Z)?$/.exec(text)
  return match !== null && exists(match) ? text.slice(0, 10) : null
}

function normaliseTimestamp(text: string): string | null {
  const match =
    /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i.exec(
      text,
    )
  if (match === null || !exists(match)) return null
  const [, , , , hour = '00', minute = '00', second = '00', fraction = '', zone = 'Z'] = match
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return null
  const utc = Date.parse(`${text.slice(0, 10)}T${hour}:${minute}:${second}Z`) - offsetMs(zone)
  if (Number.isNaN(utc)) return null
  const digits = fraction.replace(/0+$/, '')
  return `${new Date(utc).toISOString().slice(0, 19).replace('T', ' ')}${digits === '' ? '' : `.${digits}`}`
}

/** An instant as SQL's TIMESTAMP, in UTC. */
export function isoTimestamp(iso: string): string {
  return normaliseTimestamp(iso) ?? new Date(iso).toISOString().replace('T', ' ').replace('Z', '')
}

function exists(match: RegExpExecArray): boolean {
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
  const date = new Date(Date.UTC(2000, month - 1, day))
  date.setUTCFullYear(year)
  return year > 0 && date.getUTCMonth() === month - 1 && date.getUTCDate() === day
}

function offsetMs(zone: string): number {
  const match = /^([+-])(\d{2}):?(\d{2})?$/.exec(zone)
  if (match === null) return 0
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0)
  return (match[1] === '-' ? -minutes : minutes) * 60_000
}
