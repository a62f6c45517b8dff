import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Session } from '../../../duckdb/session.js'
import { captureCsv } from '../captured-csv.js'
import { type CsvFile, openCsvFile } from '../csv-file.js'
import type { ReadColumn } from '../relation.js'
import { mostBytes, type RowPacket, writeRow } from './csv-row.js'
import type { MysqlDb } from './db.js'

/** The text protocol carries every value as the server writes it: exact, whatever JavaScript could hold. */
export async function capture(
  { client }: MysqlDb,
  sql: string,
  columns: readonly ReadColumn[],
  session: Session,
): Promise<string> {
  const path = join(session.folder, `${randomUUID()}.csv`)
  const { connection } = client as unknown as { readonly connection: Driver }
  const file = await openCsvFile(
    path,
    () => connection.pause(),
    () => connection.resume(),
  )
  try {
    await receive(connection, sql, columns, file)
    return await captureCsv(path, await file.end(), columns, session)
  } finally {
    await file.close()
    await rm(path, { force: true })
  }
}

/** What lies under the driver's promises, as its pinned version has it. */
interface Driver {
  readonly stream: NodeJS.EventEmitter
  query(options: { readonly sql: string }): Query
  pause(): void
  resume(): void
}

/** A query that is under way, without a callback. `row` takes each packet after the columns, and answers what takes the next. */
interface Query {
  row: (packet: RowPacket & { isEOF(): boolean }) => unknown
  done(): null
  on(event: 'end', heard: () => void): void
  on(event: 'error' | 'result', heard: (what: unknown) => void): void
}

function receive(connection: Driver, sql: string, columns: readonly ReadColumn[], file: CsvFile): Promise<void> {
  const quoted = columns.map(({ type }) => !unquoted.test(type))
  return new Promise((resolve, reject) => {
    // Of a connection that is lost a query without a callback is told nothing.
    const lost = () => reject(Object.assign(new Error('connection lost'), { code: 'PROTOCOL_CONNECTION_LOST' }))
    connection.stream.once('close', lost)
    const query = connection.query({ sql })
    query.row = (packet) => {
      if (packet.isEOF()) return query.done()
      const { block, at } = file.room(mostBytes(packet, columns.length))
      file.wrote(writeRow(packet, quoted, block, at))
      return query.row
    }
    query.on('result', () => reject(new Error('the driver reads rows in another way than is known here')))
    query.on('error', reject)
    query.on('end', () => {
      connection.stream.off('close', lost)
      resolve()
    })
  })
}

const unquoted = /INT|^(DECIMAL|DOUBLE|FLOAT|BOOLEAN|DATE|TIME|BLOB)/
