/** Records from their own words: what dead letters hold, one JSON object each. */
import { randomUUID } from 'node:crypto'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import { recordBatch } from '../json-records.js'
import type { OriginalRecord, SourceBatch } from '../spi.js'

export async function* readAgain(
  records: readonly OriginalRecord[],
  schema: Schema,
  session: Session,
): AsyncGenerator<SourceBatch, void, void> {
  const table = identifier(`again ${randomUUID()}`)
  await session.run(`CREATE TABLE ${table} (json VARCHAR)`)
  try {
    await session.append(table, [records.map((record) => record.text)])
    const select = `SELECT json, rowid AS number FROM ${table}`
    yield await recordBatch({
      select,
      records: records.length,
      schema,
      session,
      marked: false,
      place: (record) => ({ record }),
    })
  } finally {
    await session.run(`DROP TABLE IF EXISTS ${table}`)
  }
}
