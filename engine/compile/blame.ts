/** Which field of a config is at fault when an operator's statements do not bind: its pointer within the config. */
import { fieldFacts, fieldSchemas, matching } from '../../core/config/fields.js'
import type { ConfigSchema, SqlKind } from '../../core/config/schema.js'
import { isJobError, type JobError } from '../../core/errors/job-error.js'
import { nearestHint } from '../../core/spec/nearest.js'
import { pointerTo } from '../../core/spec/pointer.js'
import type { Session } from '../../duckdb/session.js'
import { type BoundInput, bindExpression } from './bind-node.js'

export interface Fault {
  readonly pointer: string
  readonly code: string
  readonly message: string
  readonly hint: string | null
}

export interface Suspect {
  readonly nodeId: string
  readonly schema: ConfigSchema
  readonly config: unknown
  readonly inputs: readonly BoundInput[]
}

/** The statement as a whole has failed: now each expression is bound by itself, and all that fail are told. */
export async function findFaults(session: Session, suspect: Suspect, error: JobError): Promise<Fault[]> {
  const fields = sqlFields(suspect)
  const faults: Fault[] = []
  for (const { pointer, kind, text } of fields) {
    if (kind === 'QUERY') continue
    const own = await errorOf(session, text, suspect)
    // Other errors may come of looking at it alone: columns that it makes itself, or that it is grouped by.
    if (own !== null && (own.message === error.message || missingColumn(own.message) !== null)) {
      faults.push(fault(pointer, own, suspect))
    }
  }
  const told = (one: Fault) =>
    one.message === error.message || one.message.includes(`"${missingColumn(error.message)}"`)
  if (error.pointer === undefined && faults.some(told)) return faults
  const queries = fields.filter(({ kind }) => kind === 'QUERY')
  const guessed = placeOf(missingColumn(error.message), suspect) ?? (queries.length === 1 ? queries[0]!.pointer : '')
  return [fault(error.pointer ?? guessed, error, suspect), ...faults]
}

/** A condition must be BOOLEAN: DuckDB would cast a number silently. */
export async function findConditionFaults(session: Session, suspect: Suspect): Promise<Fault[]> {
  const faults: Fault[] = []
  for (const { pointer, kind, text } of sqlFields(suspect)) {
    if (kind !== 'CONDITION') continue
    const type = await bindExpression(session, text, suspect.nodeId, suspect.inputs).catch(() => null)
    if (type === null || type === 'BOOLEAN' || type === '"NULL"') continue
    faults.push({
      pointer,
      code: 'sql.invalid',
      message: `A condition must be BOOLEAN, and this is ${type}.`,
      hint: 'Compare it with something.',
    })
  }
  return faults
}

interface SqlField {
  readonly pointer: string
  readonly kind: SqlKind
  readonly text: string
}

function sqlFields({ schema, config }: Suspect): SqlField[] {
  const found: SqlField[] = []
  const walk = (value: unknown, schemas: readonly ConfigSchema[], path: readonly (string | number)[]): void => {
    if (typeof value === 'string') {
      const kind = fieldFacts(schemas).sql
      if (kind !== null && kind !== 'FOREIGN') found.push({ pointer: pointerTo(path), kind, text: value })
    } else if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) walk(item, fieldSchemas(schemas, index), [...path, index])
    } else if (typeof value === 'object' && value !== null) {
      const fitting = matching(schemas, value as Record<string, unknown>)
      for (const [key, item] of Object.entries(value)) walk(item, fieldSchemas(fitting, key), [...path, key])
    }
  }
  walk(config, [schema], [])
  return found
}

async function errorOf(session: Session, text: string, { nodeId, inputs }: Suspect): Promise<JobError | null> {
  try {
    await bindExpression(session, text, nodeId, inputs)
    return null
  } catch (error) {
    if (isJobError(error)) return error
    throw error
  }
}

function fault(pointer: string, error: JobError, { inputs }: Suspect): Fault {
  return { pointer, code: error.code, message: error.message, hint: error.hint ?? nearestColumn(error.message, inputs) }
}

function nearestColumn(message: string, inputs: readonly BoundInput[]): string | null {
  const missing = missingColumn(message)
  if (missing === null) return null
  return nearestHint(missing, [...new Set(inputs.flatMap(({ schema }) => schema.map((column) => column.name)))])
}

function missingColumn(message: string): string | null {
  const match = MISSING.map((pattern) => pattern.exec(message)).find((found) => found !== null)
  return match?.[1] ?? null
}

const MISSING = [
  /Referenced (?:column|table) "([^"]+)" not found/,
  /does not have a column named "([^"]+)"/,
  /There is no column `([^`]+)`/,
]

/** Columns that are named outside of expressions: as a text, or as a key. */
function placeOf(name: string | null, { config }: Suspect): string | null {
  if (name === null) return null
  const wanted = name.toLowerCase()
  const search = (value: unknown, path: readonly (string | number)[]): string | null => {
    if (typeof value === 'string') return value.toLowerCase() === wanted ? pointerTo(path) : null
    if (typeof value !== 'object' || value === null) return null
    for (const [key, item] of Object.entries(value)) {
      const step = Array.isArray(value) ? Number(key) : key
      const found = search(item, [...path, step])
      if (found !== null) return found
      if (key.toLowerCase() === wanted) return pointerTo([...path, step])
    }
    return null
  }
  return search(config, [])
}
