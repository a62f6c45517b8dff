import { metColumn } from '../core/graph/event-time.js'
import type { Session } from '../duckdb/session.js'
import { identifier, text } from '../duckdb/sql.js'

/** Rows that are asked for at once. */
const rowsAtOnce = 10_000

/** Records of a table as JSON text, by `rowid`. */
export async function originals(
  session: Session,
  table: string,
  rows: readonly number[],
): Promise<Map<number, string>> {
  const columns = (await session.describe(`SELECT * FROM ${table}`)).filter(({ name }) => name !== metColumn)
  const record = columns.map(({ name }) => `${text(name)}: ${identifier(name)}`).join(', ')
  const found = new Map<number, string>()
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const part = rows.slice(from, from + rowsAtOnce).join(', ')
    const pairs = await session.rows(
      `SELECT rowid, CAST(to_json({${record}}) AS VARCHAR) FROM ${table} WHERE rowid IN (${part})`,
    )
    for (const [row, json] of pairs) found.set(Number(row), String(json))
  }
  return found
}
