/** Columns by name, and lists of them in SQL. */
import { JobError } from '../core/errors/job-error.js'
import { type Schema, sameName } from '../core/record/schema.js'
import { nearestHint } from '../core/spec/nearest.js'
import { identifier } from '../duckdb/sql.js'

/** The column as it is spelled, or an error that names the nearest. */
export function findColumn(columns: readonly string[], name: string): string {
  const found = columns.find((column) => sameName(column, name))
  if (found !== undefined) return found
  throw new JobError('sql.invalid', `There is no column \`${name}\` here.`, {
    hint: nearestHint(name, columns) ?? `There are: ${columns.join(', ')}.`,
  })
}

export const namesOf = (schema: Schema): string[] => schema.map((column) => column.name)

export function list(columns: readonly string[], from?: string): string {
  return columns.map((column) => (from === undefined ? identifier(column) : `${from}.${identifier(column)}`)).join(', ')
}

/** Keys are the same when both are missing, as in GROUP BY. */
export function sameKeys(a: string, b: string, keys: readonly string[]): string {
  return keys.map((key) => `${a}.${identifier(key)} IS NOT DISTINCT FROM ${b}.${identifier(key)}`).join(' AND ')
}

export function orderBy(
  keys: readonly { readonly column: string; readonly order: 'ASC' | 'DESC' }[],
  columns: readonly string[],
): string[] {
  return keys.map(({ column, order }) => `${identifier(findColumn(columns, column))} ${order} NULLS LAST`)
}

/** A relation with these columns and no records: what statements bind to when there is no batch yet. */
export function emptyRelation(schema: Schema): string {
  return `(SELECT ${schema.map(({ name, type }) => `CAST(NULL AS ${type}) AS ${identifier(name)}`).join(', ')} LIMIT 0)`
}
