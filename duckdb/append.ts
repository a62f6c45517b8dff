/** Columns of JavaScript values into a table, chunk by chunk; types that JavaScript lacks travel as text and are cast. */
import { type DuckDBConnection, DuckDBDataChunk, type DuckDBType, type DuckDBValue, VARCHAR } from '@duckdb/node-api'
import { JobError } from '../core/errors/job-error.js'
import { identifier } from './sql.js'
import { type Appending, appendingTo } from './values.js'

/** DuckDB's vector size: what one chunk holds. */
const CHUNK = 2048

export async function appendColumns(
  connection: DuckDBConnection,
  table: string,
  columns: readonly (readonly unknown[])[],
): Promise<void> {
  const name = unquoted(table)
  const types = await columnTypes(connection, name)
  if (columns.length !== types.length) {
    throw new JobError('internal', `${table} has ${types.length} columns, but ${columns.length} were appended.`)
  }
  const appendings = types.map(appendingTo)
  if (appendings.every((appending) => appending.direct)) {
    return appendChunks(connection, name, types, appendings, columns)
  }
  await throughStaging(connection, name, types, appendings, columns)
}

/** The appender wants a bare name, statements a quoted one; callers hold either. */
function unquoted(table: string): string {
  return /^".*"$/s.test(table) ? table.slice(1, -1).replaceAll('""', '"') : table
}

let stagings = 0

async function throughStaging(
  connection: DuckDBConnection,
  table: string,
  types: readonly DuckDBType[],
  appendings: readonly Appending[],
  columns: readonly (readonly unknown[])[],
): Promise<void> {
  const staging = `staging ${++stagings}`
  const staged = types.map((type, index) => (appendings[index]!.direct ? type : VARCHAR))
  await connection.run(`CREATE TABLE ${identifier(staging)} (${staged.map((type, i) => `c${i} ${type}`).join(', ')})`)
  try {
    await appendChunks(connection, staging, staged, appendings, columns)
    await connection.run(`INSERT INTO ${identifier(table)} FROM ${identifier(staging)}`)
  } finally {
    await connection.run(`DROP TABLE ${identifier(staging)}`)
  }
}

async function appendChunks(
  connection: DuckDBConnection,
  table: string,
  types: readonly DuckDBType[],
  appendings: readonly Appending[],
  columns: readonly (readonly unknown[])[],
): Promise<void> {
  const records = columns[0]?.length ?? 0
  const appender = await connection.createAppender(table)
  try {
    for (let start = 0; start < records; start += CHUNK) {
      const end = Math.min(start + CHUNK, records)
      const chunk = DuckDBDataChunk.create(types, end - start)
      for (const [index, column] of columns.entries()) {
        chunk.setColumnValues(index, converted(column, start, end, appendings[index]!, index))
      }
      appender.appendDataChunk(chunk)
    }
  } finally {
    appender.closeSync()
  }
}

function converted(
  column: readonly unknown[],
  start: number,
  end: number,
  { convert }: Appending,
  index: number,
): DuckDBValue[] {
  const values: DuckDBValue[] = new Array(end - start)
  for (let at = start; at < end; at++) {
    const value = column[at]
    try {
      values[at - start] = value === null || value === undefined ? null : convert(value)
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new JobError('record.bad', `Record ${at + 1}, column ${index + 1}: ${why}.`, { cause })
    }
  }
  return values
}

async function columnTypes(connection: DuckDBConnection, table: string): Promise<DuckDBType[]> {
  const reader = await connection.runAndRead(`FROM ${identifier(table)} LIMIT 0`)
  return reader.columnTypes()
}
