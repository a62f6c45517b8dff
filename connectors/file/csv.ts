import { randomUUID } from 'node:crypto'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import { checkNames } from './check-names.js'
import type { FileSourceConfig } from './config.js'
import { readHead } from './csv-head.js'
import { type CsvOptions, csvOptions, dialectOf, readCsv, scanCsv } from './csv-options.js'
import type { BadRecord, Slice, TextFormat } from './text-format.js'

/** CSV as DuckDB reads it in strict mode, with every option given: nothing is guessed while a job runs (I9). */
export function csvFormat(config: FileSourceConfig): TextFormat {
  const options = csvOptions(config)
  return {
    dialect: dialectOf(options),
    async open(file, session, schema) {
      const head = await readHead(file, config, session)
      if (head.names) checkNames(head.names, schema, file.shown)
      const columns = head.names ? inFileOrder(head.names, schema) : schema
      const wanted = schema.map((column) => identifier(column.name)).join(', ')
      return {
        firstRecord: head.firstRecord,
        header: head.line,
        select: (slice) => `SELECT ${wanted} FROM ${readCsv(options, columns, slice)}`,
        findBad: (slice, starts, session) => rejectsOf(slice, starts, options, columns, session),
      }
    },
  }
}

/** Columns that the header names and nobody asked for are read as text, and left out. */
function inFileOrder(names: readonly string[], schema: Schema): Schema {
  const types = new Map(schema.map((column) => [column.name, column.type]))
  return names.map((name) => ({ name, type: types.get(name) ?? 'VARCHAR' }))
}

/** DuckDB reports rejects with the offset of their first byte, from 1. */
async function rejectsOf(
  slice: Slice,
  starts: readonly number[],
  options: CsvOptions,
  columns: Schema,
  session: Session,
): Promise<readonly BadRecord[]> {
  const id = randomUUID().slice(0, 8)
  const [errors, scans, good] = ['errors', 'scans', 'good'].map((name) => identifier(`rejects_${id}_${name}`))
  const further = `, store_rejects = true, rejects_limit = 0, parallel = false, rejects_table = 'rejects_${id}_errors', rejects_scan = 'rejects_${id}_scans'`
  try {
    await session.run(`CREATE TEMP TABLE ${good} AS SELECT * FROM ${scanCsv(options, columns, slice, further)}`)
    const rows = await session.rows(
      `SELECT line_byte_position, arg_min(error_message, coalesce(column_idx, 0)) FROM ${errors} GROUP BY 1 ORDER BY 1`,
    )
    const indexes = new Map(starts.map((start, index) => [start, index]))
    return rows.flatMap(([position, message]) => {
      const index = indexes.get(Number(position) - 1)
      return index === undefined ? [] : [{ index, message: String(message) }]
    })
  } finally {
    for (const table of [good, errors, scans]) await session.run(`DROP TABLE IF EXISTS ${table}`)
  }
}
