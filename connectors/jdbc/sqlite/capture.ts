import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setImmediate as others } from 'node:timers/promises'
import type { Session } from '../../../duckdb/session.js'
import { identifier, text } from '../../../duckdb/sql.js'
import type { ReadColumn } from '../relation.js'
import type { SqliteDb } from './db.js'

const rowsAtOnce = 10_000

/** Every value as text that stands for it exactly, whatever the column says. */
export async function capture(
  { client }: SqliteDb,
  sql: string,
  columns: readonly ReadColumn[],
  session: Session,
): Promise<string> {
  const table = identifier(`captured ${randomUUID()}`)
  const file = join(session.folder, `${randomUUID()}.captured.parquet`)
  const types = columns.map(({ hex }, at) => `c${at} ${hex ? 'BLOB' : 'VARCHAR'}`)
  await session.run(`CREATE TABLE ${table} (${types.join(', ')})`)
  try {
    // Text as bytes: the driver ends it at its first zero.
    const names = columns.map((_, at) => `c${at}`)
    const exact = names.map((one) => `CASE typeof(${one}) WHEN 'text' THEN CAST(${one} AS BLOB) ELSE ${one} END`)
    const all = client.prepare(
      `SELECT ${exact.join(', ')} FROM (WITH rows (${names.join(', ')}) AS (${sql}) SELECT * FROM rows)`,
    )
    let rows: unknown[][] = []
    const give = async () => {
      await session.append(
        table,
        columns.map((column, at) => rows.map((row) => storable(row[at], column))),
      )
      rows = []
      await others()
    }
    for (const row of all.raw().iterate() as Iterable<unknown[]>) {
      rows.push(row)
      if (rows.length === rowsAtOnce) await give()
    }
    if (rows.length > 0) await give()
    await session.run(`COPY ${table} TO ${text(file)} (FORMAT parquet)`)
    return file
  } finally {
    await session.run(`DROP TABLE IF EXISTS ${table}`)
  }
}

function storable(value: unknown, { hex }: ReadColumn): Buffer | string | null {
  if (value === null || value === undefined) return null
  if (Buffer.isBuffer(value)) return hex ? value : value.toString('utf8')
  const written = String(value)
  return hex ? Buffer.from(written) : written
}
