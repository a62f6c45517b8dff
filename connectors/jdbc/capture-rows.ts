import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Connection } from 'mysql2/promise'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import type { JdbcConnection } from './config.js'
import { openConnection } from './connect.js'
import { mysqlFault } from './mysql-fault.js'
import type { ReadColumn } from './relation.js'

const rowsAtOnce = 20_000

/**
 * Rows of a query as a Parquet file of text, as the database wrote it: what cannot be cast is told apart when the
 * file is read. Bytes stay bytes. Columns are named c0, c1, … in the order of the query.
 */
export async function captureRows(
  access: JdbcConnection,
  sql: string,
  columns: readonly ReadColumn[],
  session: Session,
): Promise<string> {
  const id = randomUUID().replaceAll('-', '')
  const table = `captured_${id}`
  const file = join(session.folder, `${id}.captured.parquet`)
  const types = columns.map((column, at) => `c${at} ${column.type === 'BLOB' ? 'BLOB' : 'VARCHAR'}`)
  await session.run(`CREATE TABLE ${identifier(table)} (${types.join(', ')})`)
  const connection = await openConnection(access)
  try {
    for await (const rows of streamRows(connection, sql)) {
      const values = columns.map((column, at) => rows.map((row) => storable(row[at] ?? null, column)))
      await session.append(table, values)
    }
    await connection.end()
    await session.run(`COPY ${identifier(table)} TO ${text(file)} (FORMAT parquet, COMPRESSION zstd)`)
    return file
  } catch (error) {
    throw mysqlFault(error, 'reading')
  } finally {
    connection.destroy()
    await session.run(`DROP TABLE IF EXISTS ${identifier(table)}`)
  }
}

type Raw = Buffer | string | null

async function* streamRows(connection: Connection, sql: string): AsyncGenerator<Raw[][]> {
  const query = (
    connection as unknown as {
      connection: { query(options: object): { stream(options: object): AsyncIterable<Raw[]> } }
    }
  ).connection.query({ sql, rowsAsArray: true, typeCast: asWritten })
  let rows: Raw[][] = []
  for await (const row of query.stream({ highWaterMark: 4096 })) {
    rows.push(row)
    if (rows.length < rowsAtOnce) continue
    yield rows
    rows = []
  }
  if (rows.length > 0) yield rows
}

interface Field {
  readonly type: string
  string(): string | null
  buffer(): Buffer | null
}

/** The text protocol carries every value as the server writes it: exact, whatever JavaScript could hold. */
function asWritten(field: Field): Raw {
  return binaryTypes.has(field.type) ? field.buffer() : field.string()
}

/** MySQL calls JSON binary too, and the driver would then decode its UTF-8 byte by byte. */
const binaryTypes = new Set([
  'BIT',
  'JSON',
  'TINY_BLOB',
  'MEDIUM_BLOB',
  'LONG_BLOB',
  'BLOB',
  'GEOMETRY',
  'VAR_STRING',
  'STRING',
  'VARCHAR',
])

function storable(raw: Raw, column: ReadColumn): Raw {
  if (raw === null || typeof raw === 'string') return raw
  if (column.bit) return BigInt(`0x${raw.toString('hex') || '0'}`).toString()
  return column.type === 'BLOB' ? raw : raw.toString('utf8')
}
