/** A node's config as an execution sees it: `${…}` replaced, SQL checked, the whole of it validated. */
import type { ConnectorContext } from '../connectors/spi.js'
import { fieldFacts, fieldSchemas, matching } from '../core/config/fields.js'
import { checkConfig } from '../core/config/problems.js'
import type { ConfigSchema, SqlKind } from '../core/config/schema.js'
import { CODES, type ErrorCode } from '../core/errors/codes.js'
import { isJobError, JobError } from '../core/errors/job-error.js'
import type { Problem } from '../core/errors/problem.js'
import { type ReferenceValues, references, substitute } from '../core/spec/parameters.js'
import { pointerTo } from '../core/spec/pointer.js'
import { checkUserSql } from '../duckdb/user-sql.js'
import type { EngineParts } from './engine.js'

/** What `${…}` and `now()` stand for. */
export interface Values extends Omit<ReferenceValues, 'resolved'> {
  /** The plan's time (I9); null: for binding only. */
  readonly now: string | null
  /** What the job asks of its sources and sinks. */
  readonly job?: NonNullable<ConnectorContext['job']>
  /** Inputs that a whole query may read, by port. */
  readonly tables?: readonly string[]
}

/** What a whole query may read: its inputs by port, and the first of them as `input` too. */
export function queryTables(ports: readonly string[]): string[] {
  return [...new Set([...ports, 'input'])]
}

export type Lookups = Pick<EngineParts, 'secret' | 'environment'>

export async function resolveConfig<Config>(
  schema: ConfigSchema<Config>,
  raw: unknown,
  values: Values,
  parts: Lookups,
): Promise<Config> {
  const resolved = await tryResolveConfig(schema, raw, values, parts)
  if (resolved.ok) return resolved.config
  const first = resolved.problems[0]!
  const hint = first.hint === null ? {} : { hint: first.hint }
  const code = first.code in CODES ? (first.code as ErrorCode) : 'config.invalid'
  throw new JobError(code, first.message, { pointer: first.pointer, ...hint })
}

export type Resolved<Config> =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly Problem[] }

/** Everything that is wrong with it, at once; pointers are within the config. */
export async function tryResolveConfig<Config>(
  schema: ConfigSchema<Config>,
  raw: unknown,
  values: Values,
  parts: Lookups,
): Promise<Resolved<Config>> {
  const problems: Problem[] = []
  const replaced = await resolveValue(raw, [schema], [], { values, parts, problems })
  const place = { pointer: '', nodeId: null, code: 'config.invalid' }
  const checked = checkConfig(schema, replaced, place, raw)
  if (checked.ok && problems.length === 0) return { ok: true, config: checked.value }
  const told = new Set(problems.map((problem) => problem.pointer))
  const further = checked.ok ? [] : checked.problems.filter((problem) => !told.has(problem.pointer))
  return { ok: false, problems: [...problems, ...further] }
}

interface Resolving {
  readonly values: Values
  readonly parts: Lookups
  readonly problems: Problem[]
}

type Path = readonly (string | number)[]

async function resolveValue(
  value: unknown,
  schemas: readonly ConfigSchema[],
  path: Path,
  at: Resolving,
): Promise<unknown> {
  if (typeof value === 'string') return await resolveText(value, schemas, path, at)
  if (Array.isArray(value)) {
    return await Promise.all(
      value.map((item, index) => resolveValue(item, fieldSchemas(schemas, index), [...path, index], at)),
    )
  }
  if (typeof value !== 'object' || value === null) return value
  const fields = value as Readonly<Record<string, unknown>>
  const fitting = matching(schemas, fields)
  const entries = Object.entries(fields).map(
    async ([key, item]) => [key, await resolveValue(item, fieldSchemas(fitting, key), [...path, key], at)] as const,
  )
  return Object.fromEntries(await Promise.all(entries))
}

async function resolveText(
  text: string,
  schemas: readonly ConfigSchema[],
  path: Path,
  at: Resolving,
): Promise<unknown> {
  const facts = fieldFacts(schemas)
  try {
    if (facts.sql !== null) return await resolveSql(facts.sql, text, at.values)
    const resolved = await lookUp(text, at.parts)
    const replaced = substitute(text, 'text', { ...at.values, resolved })
    return facts.text || replaced === text ? replaced : readScalar(replaced)
  } catch (error) {
    if (!isJobError(error)) throw error
    const { code, message, hint = null } = error
    at.problems.push({ pointer: pointerTo(path), nodeId: null, code, message, hint })
    return text
  }
}

async function resolveSql(kind: SqlKind, text: string, values: Values): Promise<string> {
  if (kind === 'FOREIGN') return substitute(text, 'foreign', values)
  const replaced = substitute(text, 'sql', values)
  // An empty text is the schema's to refuse.
  if (replaced.trim() === '') return replaced
  return await checkUserSql(kind, replaced, { now: values.now, ...(values.tables && { tables: values.tables }) })
}

/** Secrets and variables of one text, by how they are written. */
async function lookUp(text: string, { secret, environment }: Lookups): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const { reference, text: written } of references(text)) {
    if (reference.kind === 'secret') found.set(written, await secret(reference.name))
    if (reference.kind !== 'env' || !reference.name.startsWith('ETL_VAR_')) continue
    const value = environment[reference.name]
    if (value === undefined) {
      const hint = 'Set it where the worker runs.'
      throw new JobError('config.invalid', `The environment variable ${reference.name} is not set.`, { hint })
    }
    found.set(written, value)
  }
  return found
}

/** `"${n}"` where a number or a flag belongs. */
function readScalar(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  const number = Number(text)
  return text.trim() !== '' && Number.isFinite(number) ? number : text
}
