import type { Session } from '../duckdb/session.js'

/** Records of a table as JSON text, by `rowid`. */
export async function originals(
  session: Session,
  table: string,
  rows: readonly number[],
): Promise<Map<number, string>> {
  if (rows.length === 0) return new Map()
  const alias = '"the record"'
  const found = await session.rows(
    `SELECT rowid, CAST(to_json(${alias}) AS VARCHAR) FROM ${table} AS ${alias} WHERE rowid IN (${rows.join(', ')})`,
  )
  return new Map(found.map(([row, json]) => [Number(row), String(json)]))
}
