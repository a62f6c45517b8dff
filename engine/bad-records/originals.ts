import { metColumn } from '../../core/graph/event-time.js'
import type { Column } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { among, identifier, text } from '../../duckdb/sql.js'

/** Rows that are asked for at once. */
const rowsAtOnce = 10_000

/** Records of a table as JSON text, by `rowid`. What a JSON number would round is a text there. */
export async function originals(
  session: Session,
  table: string,
  rows: readonly number[],
): Promise<Map<number, string>> {
  const found = new Map<number, string>()
  if (rows.length === 0) return found
  // A view has a column of that name, and no record has.
  const columns = (await session.describe(`SELECT * FROM ${table}`)).filter(
    ({ name }) => name !== metColumn && name !== 'rowid',
  )
  const record = columns.map((column) => `${text(column.name)}: ${exactly(column)}`).join(', ')
  for (let from = 0; from < rows.length; from += rowsAtOnce) {
    const part = among(rows.slice(from, from + rowsAtOnce))
    const pairs = await session.rows(
      `SELECT rowid, CAST(to_json({${record}}) AS VARCHAR) FROM ${table} WHERE rowid IN ${part}`,
    )
    for (const [row, json] of pairs) found.set(Number(row), String(json))
  }
  return found
}

function exactly({ name, type }: Column): string {
  return /DECIMAL\((1[6-9]|[23]\d)/.test(type) ? `CAST(${identifier(name)} AS VARCHAR)` : identifier(name)
}
