/** Which records of a slice of CSV are bad, and why. */
import { randomUUID } from 'node:crypto'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import { exactValues } from '../exact-values.js'
import { type CsvOptions, scanCsv } from './csv-options.js'
import { noValueOf } from './json-options.js'
import type { BadRecord, Slice } from './text-format.js'

export interface Reject {
  /** Offset of its first byte in the slice. */
  readonly byte: number
  /** As it stands there. */
  readonly line: string
  readonly message: string
}

/** What DuckDB refuses, by its first fault. */
export async function rejectsOf(
  slice: Slice,
  options: CsvOptions,
  columns: Schema,
  session: Session,
): Promise<readonly Reject[]> {
  const id = randomUUID().slice(0, 8)
  const [errors, scans, good] = ['errors', 'scans', 'good'].map((name) => identifier(`rejects_${id}_${name}`))
  const further = `, store_rejects = true, rejects_limit = 0, parallel = false, rejects_table = 'rejects_${id}_errors', rejects_scan = 'rejects_${id}_scans'`
  try {
    await session.run(`CREATE TEMP TABLE ${good} AS SELECT * FROM ${scanCsv(options, columns, slice, further)}`)
    const rows = await session.rows(
      `SELECT line_byte_position, any_value(csv_line), arg_min(error_message, coalesce(column_idx, 0)) FROM ${errors} GROUP BY 1 ORDER BY 1`,
    )
    // It counts from 1.
    return rows.map(([position, line, message]) => ({
      byte: Number(position) - 1,
      line: String(line),
      message: String(message),
    }))
  } finally {
    for (const table of [good, errors, scans]) await session.run(`DROP TABLE IF EXISTS ${table}`)
  }
}

/** Records that DuckDB reads without a word, and not as they are written. */
export async function inexactRecords(
  slice: Slice,
  options: CsvOptions,
  columns: Schema,
  session: Session,
): Promise<readonly BadRecord[]> {
  const exact = exactValues(columns, { ...options, points: true, exponents: true, json: false, marked: false })
  const wrong = columns.flatMap((column) => {
    const read = identifier(column.name)
    const value = exact.value(column.name, read)
    if (value === null) return []
    return [`WHEN ${read} IS NOT NULL AND TRY(${value}) IS NULL THEN ${noValueOf(column, `CAST(${read} AS VARCHAR)`)}`]
  })
  if (wrong.length === 0) return []
  const rows = await session.rows(`
    SELECT number, message FROM (
      SELECT row_number() OVER () - 1 AS number, CASE ${wrong.join('\n')} END AS message
      FROM ${scanCsv(options, exact.columns, slice, ', parallel = false')})
    WHERE message IS NOT NULL ORDER BY number`)
  return rows.map(([index, message]) => ({ index: Number(index), message: String(message) }))
}
