import { setImmediate as others } from 'node:timers/promises'
import { sameName } from '../../../core/record/schema.js'
import type { Session } from '../../../duckdb/session.js'
import { identifier } from '../../../duckdb/sql.js'
import type { RejectedRow, SinkBatch } from '../../spi.js'
import { keyOf } from '../config.js'
import type { Writer, Writing } from '../dialect.js'
import { publishByCopy } from '../finish.js'
import { openTransaction } from '../open-sink.js'
import { asWritten, name } from '../standard-sql.js'
import type { SqliteDb } from './db.js'
import { asDriverError, isRecordTrouble } from './fault.js'
import { progressSql } from './progress-sql.js'
import { addColumns, createTable, hasUniqueKey, readTarget } from './target.js'
import { type Affinity, isText, writtenAs } from './types.js'

export const writing: Writing<SqliteDb> = {
  readTarget,
  createTable,
  addColumns,
  hasUniqueKey,
  quoted: async (_db, table) => asWritten(table),
  faultOfName: (column) => (column.includes('\0') ? 'it holds a character that names may not hold' : null),
  faultOfType: () => null,
  fits: (type, { dataType }) => writtenAs(type).holds.includes(dataType as Affinity),
  progress: progressSql,
  makeShadow: async (_dialect, db, { target, table }) => {
    // Of the types alone: rows are checked when they are put into the table.
    await db.execute(`CREATE TABLE IF NOT EXISTS ${table} AS SELECT * FROM ${target} LIMIT 0`)
  },
  publish: publishByCopy,
  openSink: async (dialect, writer) =>
    openTransaction(dialect, writer, {
      method: writer.config.mode === 'UPSERT' ? 'INSERT + UPSERT' : 'INSERT',
      write: (batch, session) => insertRows(writer, batch, session),
    }),
}

const rowsAtOnce = 5_000

/** One after the other, in source order: a record that is refused leaves nothing, and the others stay. */
async function insertRows(
  { db, into, config }: Writer<SqliteDb>,
  batch: SinkBatch,
  session: Session,
): Promise<readonly RejectedRow[]> {
  const columns = into.columns.map((column) => name(column.into.name))
  const bytes = into.columns.map(({ type }) => type === 'BLOB' || isText(type))
  const places = into.columns.map(({ type }) => (isText(type) ? 'CAST(? AS TEXT)' : '?'))
  const insert = db.client.prepare(
    `INSERT INTO ${into.table} (${columns.join(', ')}) VALUES (${places.join(', ')}) ${config.mode === 'UPSERT' ? onConflict({ into, config }) : ''}`,
  )
  const encoded = into.columns.map(
    ({ name: column, type }, at) => `${writtenAs(type).encode(identifier(column))} AS c${at}`,
  )
  const rejected: RejectedRow[] = []
  for (let from = 0; from < batch.records; from += rowsAtOnce) {
    const rows = await session.rows(
      `SELECT ${encoded.join(', ')} FROM ${batch.table} WHERE rowid >= ${from} AND rowid < ${from + rowsAtOnce} ORDER BY rowid`,
    )
    for (const [at, row] of rows.entries()) {
      const message = refusal(() => insert.run(...row.map((value, column) => bindable(value, bytes[column]!))), row)
      if (message !== null) rejected.push({ rowid: from + at, code: 'record.bad', message })
    }
    await others()
  }
  return rejected
}

function refusal(insert: () => void, row: readonly unknown[]): string | null {
  // It would become NULL.
  if (row.some((value) => typeof value === 'number' && Number.isNaN(value))) return 'SQLite keeps no NaN.'
  try {
    insert()
    return null
  } catch (error) {
    if (!isRecordTrouble(error)) throw error
    return asDriverError(error).message ?? 'The database refused the record.'
  }
}

const bindable = (value: unknown, bytes: boolean): unknown =>
  bytes && typeof value === 'string' ? Buffer.from(value, 'hex') : value

function onConflict({ into, config }: Pick<Writer, 'into' | 'config'>): string {
  const isKey = (column: string) => keyOf(config).some((one) => sameName(one, column))
  const names = into.columns.map((column) => column.into.name)
  const assigned = names.filter((one) => !isKey(one)).map((one) => `${name(one)} = excluded.${name(one)}`)
  const key = names.filter(isKey).map(name).join(', ')
  return `ON CONFLICT (${key}) DO ${assigned.length === 0 ? 'NOTHING' : `UPDATE SET ${assigned.join(', ')}`}`
}
