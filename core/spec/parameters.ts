import { JobError } from '../errors/job-error.js'
import { nearestHint } from './nearest.js'
import { isoTimestamp, normaliseValue } from './parameter-values.js'
import type { ParameterDeclaration, ParameterType } from './settings.js'
import { foreignLiteral, literal } from './sql-literal.js'
import { quotedSpans } from './sql-quotes.js'

/** `${…}` in the texts of a spec: what it may name, and how a value takes its place. */
export type Reference =
  | { readonly kind: 'parameter'; readonly name: string }
  | { readonly kind: 'logicalTime' }
  | { readonly kind: 'executionId' }
  | { readonly kind: 'event'; readonly path: readonly string[] }
  | { readonly kind: 'secret'; readonly name: string }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'malformed' }

export interface PlacedReference {
  readonly reference: Reference
  /** `${day}` as written, and where. */
  readonly text: string
  readonly start: number
  readonly end: number
}

/** What `${…}` stands for in one execution. */
export interface ReferenceValues {
  readonly parameters: Readonly<Record<string, string>>
  readonly declarations: Readonly<Record<string, ParameterDeclaration>>
  /** ISO 8601. */
  readonly logicalTime: string
  readonly executionId: string
  readonly event?: unknown
  /** `${secret:NAME}` and `${env:NAME}`, resolved before; only a worker has them. */
  readonly resolved?: ReadonlyMap<string, string>
}

/** sql: literals of ours. foreign: literals that every database reads alike. text: as it is. */
export type Surroundings = 'sql' | 'foreign' | 'text'

export function substitute(text: string, surroundings: Surroundings, values: ReferenceValues): string {
  const placed = references(text)
  if (placed.length === 0) return text
  if (surroundings !== 'text') refuseInQuotes(text, placed, surroundings)
  let result = ''
  let at = 0
  for (const one of placed) {
    const { type, value } = lookUp(one, values, surroundings)
    result += text.slice(at, one.start)
    result +=
      surroundings === 'text'
        ? value
        : surroundings === 'sql'
          ? literal(type, value)
          : foreignLiteral(one.text, type, value)
    at = one.end
  }
  return result + text.slice(at)
}

export function references(text: string): PlacedReference[] {
  if (!text.includes('${')) return []
  return [...text.matchAll(/\$\{([^}]*)\}?/g)].map((match) => ({
    reference: parse(match[1]!, match[0].endsWith('}')),
    text: match[0],
    start: match.index,
    end: match.index + match[0].length,
  }))
}

/** What is wrong with a reference in itself, whatever the values; null: nothing. */
export function referenceFault(
  placed: PlacedReference,
  declared: readonly string[],
  inSql: boolean,
): { readonly message: string; readonly hint: string | null } | null {
  const { reference, text } = placed
  switch (reference.kind) {
    case 'malformed':
      return {
        message: `${text} is not a reference.`,
        hint: 'Write ${parameter}, ${logicalTime}, ${executionId}, ${event.field}, ${secret:NAME} or ${env:ETL_VAR_NAME}.',
      }
    case 'parameter':
      if (declared.includes(reference.name)) return null
      return {
        message: `There is no parameter \`${reference.name}\`.`,
        hint:
          nearestHint(reference.name, [...declared, 'logicalTime', 'executionId']) ?? 'Declare it under `parameters`.',
      }
    case 'env':
      if (!reference.name.startsWith('ETL_VAR_')) {
        return {
          message: `The environment variable ${reference.name} may not be read.`,
          hint: 'Only variables whose names begin with ETL_VAR_ may be read.',
        }
      }
      return inSql
        ? { message: `${text} may not stand in an expression.`, hint: 'Give the job a parameter instead.' }
        : null
    case 'secret':
      return inSql
        ? { message: `${text} may not stand in an expression.`, hint: 'Secrets belong into connections.' }
        : null
    default:
      return null
  }
}

function parse(inner: string, closed: boolean): Reference {
  const text = inner.trim()
  if (!closed) return { kind: 'malformed' }
  if (text === 'logicalTime' || text === 'executionId') return { kind: text }
  const named = /^(secret|env):([A-Za-z_][\w.-]*)$/.exec(text)
  if (named !== null) return { kind: named[1] as 'secret' | 'env', name: named[2]! }
  if (/^event(\.[\w-]+)+$/.test(text)) return { kind: 'event', path: text.split('.').slice(1) }
  return /^[A-Za-z_]\w*$/.test(text) ? { kind: 'parameter', name: text } : { kind: 'malformed' }
}

function lookUp(
  placed: PlacedReference,
  values: ReferenceValues,
  surroundings: Surroundings,
): { type: ParameterType; value: string } {
  const fault = referenceFault(placed, Object.keys(values.declarations), surroundings !== 'text')
  if (fault !== null)
    throw new JobError('config.invalid', fault.message, fault.hint === null ? {} : { hint: fault.hint })
  const { reference } = placed
  switch (reference.kind) {
    case 'logicalTime':
      return {
        type: 'TIMESTAMP',
        value: surroundings === 'text' ? values.logicalTime : isoTimestamp(values.logicalTime),
      }
    case 'executionId':
      return { type: 'STRING', value: values.executionId }
    case 'event':
      return { type: 'STRING', value: eventField(placed.text, reference.path, values.event) }
    case 'parameter':
      return parameterValue(reference.name, values)
    default:
      return { type: 'STRING', value: resolvedValue(placed, values) }
  }
}

function parameterValue(name: string, values: ReferenceValues): { type: ParameterType; value: string } {
  const declaration = values.declarations[name]!
  const value = Object.hasOwn(values.parameters, name) ? values.parameters[name]! : declaration.default
  if (value === null) {
    throw new JobError('usage.invalid', `The parameter \`${name}\` has no value.`, {
      hint: 'Give it one at start, or declare a default.',
    })
  }
  return { type: declaration.type, value: normaliseValue(name, declaration.type, value) }
}

function resolvedValue(placed: PlacedReference, values: ReferenceValues): string {
  const value = values.resolved?.get(placed.text)
  if (value === undefined)
    throw new JobError('config.invalid', `${placed.text} has no value here.`, {
      hint: 'Secrets and variables are resolved in the worker only.',
    })
  return value
}

function eventField(text: string, path: readonly string[], event: unknown): string {
  const value = path.reduce<unknown>(
    (at, key) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined,
    event,
  )
  if (value === undefined || value === null)
    throw new JobError('usage.invalid', `The event that started this has no value for ${text}.`)
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function refuseInQuotes(text: string, placed: readonly PlacedReference[], surroundings: Surroundings): void {
  const spans =
    surroundings === 'sql' ? quotedSpans(text, false) : [...quotedSpans(text, false), ...quotedSpans(text, true)]
  for (const one of placed) {
    const span = spans.find((candidate) => one.start < candidate.end && one.end > candidate.start)
    if (span === undefined) continue
    if (span.kind === 'comment')
      throw new JobError('config.invalid', `${one.text} stands in a comment.`, { hint: 'Remove it, or the comment.' })
    throw new JobError('config.invalid', `${one.text} stands inside quotes.`, {
      hint: `Drop the quotes: ${one.text} is a value of its own.`,
    })
  }
}
