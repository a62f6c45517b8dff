import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Connection, ResultSetHeader } from 'mysql2/promise'
import type { Column } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import type { RejectedRow, SinkBatch } from '../spi.js'
import { asServerError, isConnectionLoss, isLockTrouble } from './mysql-fault.js'
import { execute, name } from './mysql-sql.js'
import { writtenAs } from './types.js'

/** Where rows go: quoted, with the columns that are written; `order` takes each record's place in the batch. */
export interface Destination {
  readonly table: string
  readonly columns: readonly Column[]
  readonly order: string | null
}

/** A piece of a batch that is made into CSV at once. */
const pieceRecords = 65_536

/**
 * LOAD DATA of a batch, within the open transaction. It cuts, rounds and skips in silence, so it counts only if rows
 * copied, affected and expected agree and nothing was warned about; else nothing of it stays, and the answer is false.
 */
export async function loadData(
  connection: Connection,
  to: Destination,
  batch: SinkBatch,
  session: Session,
): Promise<boolean> {
  const pieces = csvPieces(to, batch, session)
  try {
    await execute(connection, 'SAVEPOINT etl_batch')
    const result = await load(connection, to, pieces)
    const records = Number(/Records: (\d+)/.exec(result.info)?.[1] ?? -1)
    if (records === batch.records && result.affectedRows === batch.records && result.warningStatus === 0) return true
  } catch (error) {
    if (isConnectionLoss(error) || isLockTrouble(error) || !asServerError(error).code?.startsWith('ER_')) throw error
  }
  await execute(connection, 'ROLLBACK TO SAVEPOINT etl_batch')
  return false
}

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
  const fetched = rowsAtOnce * 20
  for (let from = 0; from < batch.records; from += fetched) {
    const rows = await session.rows(
      `SELECT ${encoded(to, 'TEXT')}, rowid FROM ${batch.table} WHERE rowid >= ${from} AND rowid < ${from + fetched} ORDER BY rowid`,
    )
    for (let at = 0; at < rows.length; at += rowsAtOnce) await insert(rows.slice(at, at + rowsAtOnce))
  }
  return rejected
}

/** Has the server allowed LOAD DATA LOCAL? */
export async function allowsLoadData(connection: Connection): Promise<boolean> {
  const [rows] = await connection.query('SELECT @@GLOBAL.local_infile AS allowed')
  return Number((rows as { allowed: unknown }[])[0]?.allowed) === 1
}

/** The batch as CSV, piece by piece: the next is made while the one before is on its way. */
async function* csvPieces(to: Destination, batch: SinkBatch, session: Session): AsyncGenerator<Buffer, void, void> {
  const write = async (from: number): Promise<string | null> => {
    if (from >= batch.records) return null
    const file = join(session.folder, `${randomUUID()}.load`)
    await session.run(
      `COPY (SELECT ${encoded(to)} FROM ${batch.table} WHERE rowid >= ${from} AND rowid < ${from + pieceRecords})
       TO ${text(file)} (FORMAT csv, HEADER false, NULLSTR 'NULL', QUOTE '"', ESCAPE '"', DELIMITER ',')`,
    )
    return file
  }
  let next = write(0)
  try {
    for (let from = pieceRecords; ; from += pieceRecords) {
      const file = await next
      if (file === null) return
      next = write(from)
      next.catch(() => {})
      yield* createReadStream(file, { highWaterMark: 1024 * 1024 })
      await rm(file, { force: true })
    }
  } finally {
    const unread = await next.catch(() => null)
    if (unread !== null) await rm(unread, { force: true })
  }
}

async function load(connection: Connection, to: Destination, pieces: AsyncIterable<Buffer>): Promise<ResultSetHeader> {
  const decoded = to.columns.flatMap((column, at) => {
    const { decode } = writtenAs(column.type)
    return decode ? [`${name(column.name)} = ${decode(`@v${at}`)}`] : []
  })
  const columns = to.columns.map((column, at) => (writtenAs(column.type).decode ? `@v${at}` : name(column.name)))
  const order = to.order ? [name(to.order)] : []
  const [result] = await connection.query<ResultSetHeader>({
    sql: `LOAD DATA LOCAL INFILE 'batch' INTO TABLE ${to.table} CHARACTER SET utf8mb4
      FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' ESCAPED BY '' LINES TERMINATED BY '\\n'
      (${[...columns, ...order].join(', ')}) ${decoded.length > 0 ? `SET ${decoded.join(', ')}` : ''}`,
    infileStreamFactory: () => Readable.from(pieces, { objectMode: false, highWaterMark: 1024 * 1024 }),
  })
  return result
}

/** null: all rows are in. Else nothing of them is, and why. */
async function tryInsert(
  connection: Connection,
  to: Destination,
  rows: readonly (readonly unknown[])[],
): Promise<string | null> {
  const columns = [...to.columns.map((column) => name(column.name)), ...(to.order ? [name(to.order)] : [])]
  const places = to.columns.map((column) => writtenAs(column.type).decode?.('?') ?? '?')
  const row = `(${[...places, ...(to.order ? ['?'] : [])].join(', ')})`
  const values = rows.flatMap((one) => (to.order ? one : one.slice(0, -1)))
  try {
    await execute(connection, 'SAVEPOINT etl_rows')
    const sql = `INSERT INTO ${to.table} (${columns.join(', ')}) VALUES ${rows.map(() => row).join(', ')}`
    const [result] = await connection.query<ResultSetHeader>(sql, values)
    if (result.affectedRows === rows.length && result.warningStatus === 0) return null
    const [warnings] = await connection.query('SHOW WARNINGS')
    const [first] = warnings as { Message?: string }[]
    await execute(connection, 'ROLLBACK TO SAVEPOINT etl_rows')
    return first?.Message ?? 'The database would have changed the record.'
  } catch (error) {
    const { code, sqlMessage } = asServerError(error)
    if (isConnectionLoss(error) || isLockTrouble(error) || !code?.startsWith('ER_')) throw error
    await execute(connection, 'ROLLBACK TO SAVEPOINT etl_rows')
    return sqlMessage ?? code
  }
}

/** TEXT: every value as text, which is exact for every type. */
function encoded(to: Destination, as: 'CSV' | 'TEXT' = 'CSV'): string {
  const columns = to.columns.map((column, at) => {
    const value = writtenAs(column.type).encode(identifier(column.name))
    return `${as === 'TEXT' ? `CAST(${value} AS VARCHAR)` : value} AS c${at}`
  })
  return [...columns, ...(to.order && as === 'CSV' ? ['rowid AS place'] : [])].join(', ')
}
