import type { Problem } from '../errors/problem.js'
import { nearestHint } from '../spec/nearest.js'
import { type PathKey, pointerTo, valueAt } from '../spec/pointer.js'
import { fieldFacts, fieldSchemas, knownKeys } from './fields.js'
import type { ConfigSchema } from './schema.js'

/** Checks a value against a schema and says everything that is wrong with it, in words and with its place. */
export interface Place {
  /** JSON pointer of the value within the whole document. */
  readonly pointer: string
  readonly nodeId: string | null
  readonly code: string
}

export type Checked<Config> =
  | { readonly ok: true; readonly value: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** `shown` is what is told of where something is wrong: the value before secrets took the places of their names. */
export function checkConfig<Config>(
  schema: ConfigSchema<Config>,
  value: unknown,
  place: Place,
  shown: unknown = value,
): Checked<Config> {
  const result = schema.safeParse(value)
  if (result.success) return { ok: true, value: result.data }
  const issues = result.error.issues as unknown as readonly Issue[]
  return { ok: false, problems: issues.flatMap((issue) => explain(issue, [], { schema, value: shown, place })) }
}

/** A zod issue, as far as it is read here. */
interface Issue {
  readonly code: string
  readonly path: readonly PathKey[]
  readonly message: string
  readonly expected?: string
  readonly keys?: readonly string[]
  readonly errors?: readonly (readonly Issue[])[]
  readonly values?: readonly unknown[]
  readonly options?: readonly unknown[]
  readonly discriminator?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly inclusive?: boolean
  readonly origin?: string
}

interface Subject {
  readonly schema: ConfigSchema
  readonly value: unknown
  readonly place: Place
}

function explain(issue: Issue, base: readonly PathKey[], subject: Subject): Problem[] {
  const path = [...base, ...issue.path]
  if (issue.code === 'unrecognized_keys') return (issue.keys ?? []).map((key) => unknownKey(path, key, subject))
  if (issue.code === 'invalid_union' && issue.options === undefined && issue.errors !== undefined) {
    return explainUnion(issue.errors, path, subject)
  }
  const { message, hint } = inWords(issue, shownAt(path, subject))
  return [problem(path, subject.place, message, hint)]
}

function unknownKey(path: readonly PathKey[], key: string, { schema, place }: Subject): Problem {
  const known = knownKeys(schemasAt(schema, path))
  const hint = nearestHint(key, known) ?? (known.length > 0 ? `Known here: ${known.join(', ')}.` : null)
  return problem([...path, key], place, `There is no setting \`${key}\` here.`, hint)
}

/** Of the ways a value may look, the one that it comes nearest to is the one that was meant. */
function explainUnion(errors: readonly (readonly Issue[])[], path: readonly PathKey[], subject: Subject): Problem[] {
  const wrongShape = (issues: readonly Issue[]) =>
    issues.some((issue) => issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value'))
  const near = errors.filter((issues) => !wrongShape(issues))
  const best = near.toSorted((a, b) => a.length - b.length)[0]
  if (best !== undefined) return best.flatMap((issue) => explain(issue, path, subject))
  const ways = errors.flatMap((issues) => issues.map((issue) => expectation(issue))).filter((way) => way !== null)
  const found = describe(shownAt(path, subject))
  return [problem(path, subject.place, `Expected ${[...new Set(ways)].join(' or ')}, found ${found}.`, null)]
}

const HIDDEN = Symbol('hidden')

function shownAt(path: readonly PathKey[], { schema, value }: Subject): unknown {
  const found = valueAt(value, path)
  const facts = fieldFacts(schemasAt(schema, path))
  return typeof found === 'string' && (facts.secret || found.includes('://')) ? HIDDEN : found
}

function schemasAt(schema: ConfigSchema, path: readonly PathKey[]): readonly ConfigSchema[] {
  return path.reduce<readonly ConfigSchema[]>(
    (schemas, step) => fieldSchemas(schemas, typeof step === 'number' ? step : String(step)),
    [schema],
  )
}

function inWords(issue: Issue, found: unknown): { message: string; hint: string | null } {
  const choices = issue.options ?? (issue.code === 'invalid_value' ? issue.values : undefined)
  if (found === undefined && (issue.code === 'invalid_type' || choices !== undefined)) {
    return { message: `This is required: ${expectation(issue) ?? 'a value'}.`, hint: null }
  }
  if (choices !== undefined) {
    return {
      message: `Expected ${oneOf(choices)}, found ${describe(found)}.`,
      hint: typeof found === 'string' ? nearestHint(found, choices.map(String)) : null,
    }
  }
  if (issue.message.startsWith('Expected '))
    return { message: `${issue.message.slice(0, -1)}, found ${describe(found)}.`, hint: null }
  if (issue.code === 'invalid_type')
    return { message: `Expected ${expectation(issue)}, found ${describe(found)}.`, hint: null }
  if (issue.code === 'too_small' || issue.code === 'too_big')
    return { message: `Expected ${bound(issue)}, found ${describe(found)}.`, hint: null }
  return { message: issue.message, hint: null }
}

function expectation(issue: Issue): string | null {
  if (issue.options !== undefined || issue.values !== undefined) return oneOf(issue.options ?? issue.values ?? [])
  if (issue.expected !== undefined) return EXPECTED[issue.expected] ?? issue.expected
  return null
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  record: 'an object',
  array: 'a list',
}

function bound(issue: Issue): string {
  const least = issue.code === 'too_small'
  const limit = least ? issue.minimum : issue.maximum
  const unit = issue.origin === 'string' ? ' characters' : issue.origin === 'array' ? ' entries' : ''
  if (least && limit === 1 && issue.origin === 'string') return 'text that is not empty'
  if (issue.inclusive === false) return `${least ? 'more' : 'less'} than ${limit}${unit}`
  return `at ${least ? 'least' : 'most'} ${limit}${unit}`
}

function oneOf(choices: readonly unknown[]): string {
  return choices.length === 1 ? String(choices[0]) : `one of ${choices.join(', ')}`
}

/** Never the whole text: it may be long, or something that should not be shown. */
function describe(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (value === HIDDEN) return 'another text'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (typeof value === 'object') return 'an object'
  if (typeof value !== 'string') return String(value)
  return value.length > 40 ? 'a longer text' : `'${value}'`
}

function problem(path: readonly PathKey[], place: Place, message: string, hint: string | null): Problem {
  const pointer = place.pointer + pointerTo(path)
  return { pointer, nodeId: place.nodeId, code: place.code, message, hint }
}
