/** LOAD DATA of batches, within the open transaction; records that the target refuses are told apart by its warnings. */
import { randomUUID } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Connection, ResultSetHeader } from 'mysql2/promise'
import type { Session } from '../../../duckdb/session.js'
import { text } from '../../../duckdb/sql.js'
import { amongAll } from '../../left-out.js'
import type { RejectedRow, SinkBatch } from '../../spi.js'
import type { Destination } from '../dialect.js'
import { findDuplicates } from './duplicates.js'
import { asServerError, isRecordTrouble } from './fault.js'
import { execute, name } from './sql.js'
import { decodeOf } from './types.js'
import { encoded, refusalsOf, withoutRow } from './write-rows.js'

/** Records of a piece of a batch, which is made into CSV at once. */
const firstPiece = 4_096
const largestPiece = 131_072

/** Well below the smallest max_allowed_packet. */
export const packetBytes = 256 * 1024

/** So many refused records of a batch are tried alone: for the server's own words, and to see whether it is so. */
const mostAlone = 100

/**
 * LOAD DATA cuts, rounds and skips in silence, so it counts only if rows copied, affected and expected agree and nothing
 * was warned about. Else nothing of it stays; the records that were warned about are left out, and it begins again.
 * null: they cannot be told apart like this, and nothing of the batch is in.
 */
export async function loadData(
  connection: Connection,
  to: Destination,
  batch: SinkBatch,
  session: Session,
): Promise<readonly RejectedRow[] | null> {
  const refused = new Map<number, string>()
  await execute(connection, 'SAVEPOINT etl_batch')
  for (;;) {
    const trouble = await attempt(connection, to, batch, session, refused)
    if (trouble === null) break
    await execute(connection, 'ROLLBACK TO SAVEPOINT etl_batch')
    const found = await namedRows(connection, to, batch, session, refused, trouble)
    if (found.size === 0) return null
    for (const [row, message] of found) refused.set(row, message)
  }
  if (await confirm(connection, to, batch, session, refused)) return asRejected(refused)
  await execute(connection, 'ROLLBACK TO SAVEPOINT etl_batch')
  return null
}

export interface Warning {
  readonly code: number
  readonly message: string
}

async function attempt(
  connection: Connection,
  to: Destination,
  batch: SinkBatch,
  session: Session,
  refused: ReadonlyMap<number, string>,
): Promise<readonly Warning[] | null> {
  const expected = batch.records - refused.size
  if (expected === 0) return null
  const left = await leftOut(session, refused)
  try {
    return await tryLoad(connection, to, csvPieces(to, batch, session, left.condition), expected)
  } finally {
    await left.forget()
  }
}

/** null: all of it is in. Else what was said. */
export async function tryLoad(
  connection: Connection,
  to: Destination,
  pieces: AsyncIterable<Buffer>,
  expected: number,
): Promise<readonly Warning[] | null> {
  try {
    const result = await load(connection, to, pieces)
    const records = Number(/Records: (\d+)/.exec(result.info)?.[1] ?? -1)
    if (records === expected && result.affectedRows === expected && result.warningStatus === 0) return null
    const [rows] = await connection.query('SHOW WARNINGS')
    return (rows as { Code: number; Message: string }[]).map(({ Code, Message }) => ({ code: Code, message: Message }))
  } catch (error) {
    const { errno = 0, sqlMessage = '' } = asServerError(error)
    if (!isRecordTrouble(error)) throw error
    return [{ code: errno, message: sqlMessage }]
  }
}

/** Records that the warnings name by their number; where there is none any more, those whose keys are taken. */
async function namedRows(
  connection: Connection,
  to: Destination,
  batch: SinkBatch,
  session: Session,
  refused: ReadonlyMap<number, string>,
  warnings: readonly Warning[],
): Promise<ReadonlyMap<number, string>> {
  const rowOf = amongAll([...refused.keys()])
  const found = new Map<number, string>()
  for (const { message } of warnings) {
    const [, number] = /at row (\d+)$/.exec(message) ?? []
    if (number === undefined) continue
    const row = rowOf(Number(number) - 1)
    if (row < batch.records && !found.has(row)) found.set(row, withoutRow(message))
  }
  if (found.size > 0 || !warnings.some(({ code }) => code === DUPLICATE)) return found
  const left = await leftOut(session, refused)
  try {
    const stage = (staging: Destination) =>
      load(connection, staging, csvPieces(staging, batch, session, left.condition))
    return await findDuplicates(connection, to, stage)
  } finally {
    await left.forget()
  }
}

const DUPLICATE = 1062

/** Some of them, tried alone, are refused indeed; their words replace those of the warnings. */
async function confirm(
  connection: Connection,
  to: Destination,
  batch: SinkBatch,
  session: Session,
  refused: Map<number, string>,
): Promise<boolean> {
  const rows = [...refused.keys()].sort((a, b) => a - b).slice(0, mostAlone)
  for (const [row, message] of await refusalsOf(connection, to, batch, session, rows)) {
    if (message === null) return false
    refused.set(row, message)
  }
  return true
}

function asRejected(refused: ReadonlyMap<number, string>): RejectedRow[] {
  return [...refused].sort(([a], [b]) => a - b).map(([rowid, message]) => ({ rowid, code: 'record.bad', message }))
}

/** A condition over the batch without the refused, in a table of the session while there are some. */
async function leftOut(session: Session, refused: ReadonlyMap<number, string>) {
  if (refused.size === 0) return { condition: 'true', forget: async () => undefined }
  const table = `"refused ${randomUUID()}"`
  await session.run(`CREATE TABLE ${table} (row BIGINT)`)
  await session.append(table, [[...refused.keys()].map(BigInt)])
  return {
    // A join does not keep the order, by which the server numbers what it warns about.
    condition: `rowid NOT IN (SELECT row FROM ${table}) ORDER BY rowid`,
    forget: () => session.run(`DROP TABLE ${table}`),
  }
}

/** The batch as CSV, piece by piece: the next is made while the one before is on its way. */
async function* csvPieces(
  to: Destination,
  batch: SinkBatch,
  session: Session,
  condition: string,
): AsyncGenerator<Buffer, void, void> {
  const write = async ([from, end]: Piece): Promise<Buffer> => {
    const file = join(session.folder, `${randomUUID()}.load`)
    try {
      await session.run(
        `COPY (SELECT ${encoded(to)} FROM ${batch.table} WHERE rowid >= ${from} AND rowid < ${end} AND ${condition})
         TO ${text(file)} (${csvForm})`,
      )
      return await readFile(file)
    } finally {
      await rm(file, { force: true })
    }
  }
  const pieces = piecesOf(batch.records)
  const begin = (): Promise<Buffer> | null => {
    const { value, done } = pieces.next()
    if (done === true) return null
    const made = write(value)
    // Nobody may be listening when it fails; whoever waits for it hears of it then.
    made.catch(() => undefined)
    return made
  }
  let next = begin()
  try {
    while (next !== null) {
      const bytes: Buffer = await next
      next = begin()
      for (let at = 0; at < bytes.length; at += packetBytes) yield bytes.subarray(at, at + packetBytes)
    }
  } finally {
    await next?.catch(() => undefined)
  }
}

export const csvForm = `FORMAT csv, HEADER false, NULLSTR 'NULL', QUOTE '"', ESCAPE '"', DELIMITER ','`

type Piece = readonly [from: number, end: number]

/** They grow: the server waits for the first one, and later for none. */
function* piecesOf(records: number): Generator<Piece, void, void> {
  let size = firstPiece
  for (let from = 0; from < records; ) {
    const end = Math.min(records, from + size)
    yield [from, end]
    from = end
    size = Math.min(size * 2, largestPiece)
  }
}

async function load(connection: Connection, to: Destination, pieces: AsyncIterable<Buffer>): Promise<ResultSetHeader> {
  const decoded = to.columns.flatMap((column, at) => {
    const decode = decodeOf(column)
    return decode ? [`${name(column.name)} = ${decode(`@v${at}`)}`] : []
  })
  const columns = to.columns.map((column, at) => (decodeOf(column) ? `@v${at}` : name(column.name)))
  const order = to.order ? [name(to.order)] : []
  const [result] = await connection.query<ResultSetHeader>({
    sql: `LOAD DATA LOCAL INFILE 'batch' INTO TABLE ${to.table} CHARACTER SET utf8mb4
      FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' ESCAPED BY '' LINES TERMINATED BY '\\n'
      (${[...columns, ...order].join(', ')}) ${decoded.length > 0 ? `SET ${decoded.join(', ')}` : ''}`,
    infileStreamFactory: () => Readable.from(pieces, { objectMode: false, highWaterMark: packetBytes }),
  })
  return result
}
