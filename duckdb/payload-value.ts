/** A JSON object from outside as a DuckDB STRUCT, so that `payload.bucket` is a column of the type it looks like. */
import { identifier, text } from './sql.js'
import { everyNode } from './syntax-tree.js'
import { parseExpression } from './user-sql.js'

type Json = unknown

/** Deeper than that it stays JSON, which has no fields. */
const DEEPEST = 20

/** An expression; fields that `read` names and the payload lacks are NULL. */
export function payloadValue(payload: Readonly<Record<string, Json>>, read: readonly (readonly string[])[]): string {
  const whole = read.reduce<Json>((known, path) => withPath(known, path), payload)
  return `CAST(${text(JSON.stringify(whole))}::JSON AS ${typeOf(whole, 0)})`
}

/** The fields that are read, of no type yet. */
export function unknownPayload(read: readonly (readonly string[])[]): string {
  const literal = (value: Json): string => {
    if (!isObject(value)) return 'NULL'
    const fields = Object.entries(value).map(([name, inner]) => `${identifier(name)} := ${literal(inner)}`)
    return `struct_pack(${fields.join(', ')})`
  }
  return read.length === 0 ? "'{}'::JSON" : literal(read.reduce<Json>((known, path) => withPath(known, path), {}))
}

/** `payload.a.b` as `['a', 'b']`. */
export async function payloadFields(condition: string): Promise<readonly (readonly string[])[]> {
  const tree = await parseExpression(condition)
  return [...everyNode(tree)].flatMap((node) => {
    if (node.class !== 'COLUMN_REF' || !Array.isArray(node.column_names)) return []
    const [first, ...path] = node.column_names.map(String)
    return first?.toLowerCase() === 'payload' && path.length > 0 ? [path] : []
  })
}

/** Field names of a STRUCT are not told apart by case. */
function withPath(value: Json, [key, ...rest]: readonly string[]): Json {
  if (key === undefined) return value
  if (value !== null && value !== undefined && !isObject(value)) return value
  const fields = value === null || value === undefined ? {} : (value as Readonly<Record<string, Json>>)
  const known = Object.keys(fields).find((name) => name.toLowerCase() === key.toLowerCase()) ?? key
  return { ...fields, [known]: rest.length === 0 ? (fields[known] ?? null) : withPath(fields[known], rest) }
}

function typeOf(value: Json, depth: number): string {
  if (depth > DEEPEST) return 'JSON'
  if (typeof value === 'boolean') return 'BOOLEAN'
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'BIGINT' : 'DOUBLE'
  if (Array.isArray(value)) return listType(value, depth)
  return isObject(value) ? structType(value, depth) : 'VARCHAR'
}

function structType(value: Readonly<Record<string, Json>>, depth: number): string {
  const names = Object.keys(value)
  const isAmbiguous = new Set(names.map((name) => name.toLowerCase())).size < names.length || names.includes('')
  if (names.length === 0 || isAmbiguous) return 'JSON'
  return `STRUCT(${names.map((name) => `${identifier(name)} ${typeOf(value[name], depth + 1)}`).join(', ')})`
}

function listType(values: readonly Json[], depth: number): string {
  const types = new Set(values.filter((value) => value !== null).map((value) => typeOf(value, depth + 1)))
  const numbers = [...types].every((type) => type === 'BIGINT' || type === 'DOUBLE')
  if (types.size > 1 && numbers) return 'DOUBLE[]'
  return `${types.size === 1 ? [...types][0] : types.size === 0 ? 'VARCHAR' : 'JSON'}[]`
}

function isObject(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
