import type { Session } from '../../duckdb/session.js'
import { identifier } from '../../duckdb/sql.js'
import type { RejectedRow, SinkBatch } from '../spi.js'

/** A table of its own, where some records are not to be written. */
interface Written {
  readonly batch: SinkBatch
  readonly rejected: readonly RejectedRow[]
  release(): Promise<void>
}

/** A record of one column and no value would be a blank line of CSV, which is a record to no reader: it is refused. */
export async function withoutBlankLines(
  batch: SinkBatch,
  partitionBy: readonly string[],
  session: Session,
): Promise<Written> {
  const { table, schema, records } = batch
  const [only, second] = schema.filter(({ name }) => !partitionBy.includes(name))
  const none = { batch, rejected: [], release: async () => {} }
  if (only === undefined || second !== undefined) return none
  const column = identifier(only.name)
  if ((await session.count(`SELECT count(*) FROM ${table} WHERE ${column} IS NULL`)) === 0) return none
  const rows = await session.rows(`SELECT rowid FROM ${table} WHERE ${column} IS NULL ORDER BY rowid`)
  const kept = identifier(`lines of ${table}`)
  await session.run(`CREATE OR REPLACE TEMP TABLE ${kept} AS SELECT * FROM ${table} WHERE ${column} IS NOT NULL`)
  const message = `\`${only.name}\` is the only column of a CSV file, where no value would be a blank line. Write another column or format, or a value in its place.`
  return {
    batch: { table: kept, schema, records: records - rows.length },
    rejected: rows.map(([rowid]) => ({ rowid: Number(rowid), code: 'record.bad', message })),
    release: () => session.run(`DROP TABLE IF EXISTS ${kept}`),
  }
}
