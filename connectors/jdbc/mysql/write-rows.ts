import type { Connection, ResultSetHeader } from 'mysql2/promise'
import type { Session } from '../../../duckdb/session.js'
import { identifier } from '../../../duckdb/sql.js'
import type { RejectedRow, SinkBatch } from '../../spi.js'
import type { Destination } from '../dialect.js'
import { encodedFor } from './encode.js'
import { asServerError, isRecordTrouble } from './fault.js'
import { isTooLarge } from './packet.js'
import { execute, name } from './sql.js'
import { decodeOf } from './types.js'

/** INSERT of many rows at a time; rows that the target refuses, or would change, come back. */
export async function insertRows(
  connection: Connection,
  to: Destination,
  batch: SinkBatch,
  session: Session,
  rowsAtOnce: number,
): Promise<readonly RejectedRow[]> {
  const rejected: RejectedRow[] = []
  const insert = async (rows: readonly (readonly unknown[])[]): Promise<void> => {
    const trouble = await tryInsert(connection, to, rows)
    if (trouble === null) return
    if (rows.length === 1) {
      rejected.push({ rowid: Number(rows[0]!.at(-1)), code: 'record.bad', message: trouble })
      return
    }
    const middle = rows.length >> 1
    await insert(rows.slice(0, middle))
    await insert(rows.slice(middle))
  }
  for (let from = 0; from < batch.records; from += rowsAtOnce) {
    const rows = await session.rows(
      `SELECT ${encoded(to, 'TEXT')}, rowid FROM ${batch.table} WHERE rowid >= ${from} AND rowid < ${from + rowsAtOnce} ORDER BY rowid`,
    )
    if (rows.length > 0) await insert(rows)
  }
  return rejected
}

/** Has the server allowed LOAD DATA LOCAL? */
export async function allowsLoadData(connection: Connection): Promise<boolean> {
  const [rows] = await connection.query('SELECT @@GLOBAL.local_infile AS allowed')
  return Number((rows as { allowed: unknown }[])[0]?.allowed) === 1
}

/** What the target says of each of these rows alone; null: it takes it. Nothing of them stays. */
export async function refusalsOf(
  connection: Connection,
  to: Destination,
  batch: SinkBatch,
  session: Session,
  rows: readonly number[],
): Promise<readonly (readonly [row: number, message: string | null])[]> {
  if (rows.length === 0) return []
  const values = await session.rows(
    `SELECT ${encoded(to, 'TEXT')}, rowid FROM ${batch.table} WHERE rowid IN (${rows.join(', ')}) ORDER BY rowid`,
  )
  const answers: [number, string | null][] = []
  for (const row of values) {
    const trouble = await tryInsert(connection, to, [row])
    if (trouble === null) await execute(connection, 'ROLLBACK TO SAVEPOINT etl_rows')
    answers.push([Number(row.at(-1)), trouble])
  }
  return answers
}

/** Of a single record the number of the row says nothing. */
export const withoutRow = (message: string): string => message.replace(/ at row \d+$/, '')

/** null: all rows are in. Else nothing of them is, and why. */
async function tryInsert(
  connection: Connection,
  to: Destination,
  rows: readonly (readonly unknown[])[],
): Promise<string | null> {
  const columns = [...to.columns.map((column) => name(column.name)), ...(to.order ? [name(to.order)] : [])]
  const places = to.columns.map((column) => decodeOf(column)?.('?') ?? '?')
  const row = `(${[...places, ...(to.order ? ['?'] : [])].join(', ')})`
  const values = rows.flatMap((one) => (to.order ? one : one.slice(0, -1)))
  // Several are tried again by halves.
  if (await isTooLarge(connection, values)) return 'The record is larger than max_allowed_packet of the server.'
  try {
    await execute(connection, 'SAVEPOINT etl_rows')
    const sql = `INSERT INTO ${to.table} (${columns.join(', ')}) VALUES ${rows.map(() => row).join(', ')}`
    const [result] = await connection.query<ResultSetHeader>(sql, values)
    if (result.affectedRows === rows.length && result.warningStatus === 0) return null
    const [warnings] = await connection.query('SHOW WARNINGS')
    const [first] = warnings as { Message?: string }[]
    await execute(connection, 'ROLLBACK TO SAVEPOINT etl_rows')
    return withoutRow(first?.Message ?? 'The database would have changed the record.')
  } catch (error) {
    const { code, sqlMessage } = asServerError(error)
    if (!isRecordTrouble(error)) throw error
    await execute(connection, 'ROLLBACK TO SAVEPOINT etl_rows')
    return withoutRow(sqlMessage ?? code ?? '')
  }
}

/** TEXT: every value as text, which is exact for every type. */
export function encoded(to: Destination, as: 'CSV' | 'TEXT' = 'CSV'): string {
  const columns = to.columns.map((column, at) => {
    const value = encodedFor(column, identifier(column.name))
    return `${as === 'TEXT' ? `CAST(${value} AS VARCHAR)` : value} AS c${at}`
  })
  return [...columns, ...(to.order && as === 'CSV' ? ['rowid AS place'] : [])].join(', ')
}
