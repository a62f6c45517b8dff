import type { Session } from '../duckdb/session.js'

/** Rows that are asked for at once. */
const rowsAtOnce = 10_000

/** Records of a table as JSON text, by `rowid`. */
export async function originals(
  session: Session,
  table: string,
  rows: readonly number[],
): Promise<Map<number, string>> {
  const alias = '"the record"'
  const found = new Map<number, string>()
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const part = rows.slice(from, from + rowsAtOnce).join(', ')
    const pairs = await session.rows(
      `SELECT rowid, CAST(to_json(${alias}) AS VARCHAR) FROM ${table} AS ${alias} WHERE rowid IN (${part})`,
    )
    for (const [row, json] of pairs) found.set(Number(row), String(json))
  }
  return found
}
