import { sameName } from '../../../core/record/schema.js'
import type { Session } from '../../../duckdb/session.js'
import type { OpenSink, SinkQuery } from '../../spi.js'
import { keyOf } from '../config.js'
import type { Destination, Dialect, Writer, Writing } from '../dialect.js'
import { publishByCopy } from '../finish.js'
import { type Loading, openTransaction } from '../open-sink.js'
import { asWritten, name } from '../standard-sql.js'
import type { PostgresDb } from './db.js'
import { loadBatch, stageQuery } from './load.js'
import { progressSql } from './progress-sql.js'
import { addColumns, createTable, hasUniqueKey, readTarget } from './target.js'
import { fits } from './types.js'

export const writing: Writing<PostgresDb> = {
  readTarget,
  createTable,
  addColumns,
  hasUniqueKey,
  quoted: async (_db, table) => asWritten(table),
  faultOfName: (column) => {
    if (column.includes('\0')) return 'it holds a character that names may not hold'
    return Buffer.byteLength(column) > longestName ? `it is longer than ${longestName} bytes` : null
  },
  faultOfType: (type) =>
    type === 'TIMESTAMP_NS' ? 'PostgreSQL keeps microseconds, and TIMESTAMP_NS has nanoseconds' : null,
  fits,
  progress: progressSql,
  makeShadow: async (_dialect, db, { target, table }) => {
    await db.execute(`CREATE TABLE IF NOT EXISTS ${table} (LIKE ${target} ${likeIt} INCLUDING INDEXES)`)
  },
  publish: publishByCopy,
  openSink: async (dialect: Dialect, writer: Writer<PostgresDb>): Promise<OpenSink> =>
    openTransaction(dialect, writer, writer.config.mode === 'UPSERT' ? upserting(writer) : appending(writer)),
}

const longestName = 63
const likeIt = 'INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED INCLUDING IDENTITY'

function appending({ db, into }: Writer<PostgresDb>): Loading {
  return {
    method: 'COPY',
    write: (batch, session) => loadBatch(db, into, batch, session),
    stageQuery: (query: SinkQuery, session: Session, files: Set<string>) => stageQuery(db, into, query, session, files),
  }
}

/** The last record of a key wins: within a batch by its place, between batches by coming later. */
function upserting({ db, into, config }: Writer<PostgresDb>): Loading {
  const staging: Destination = { ...into, table: 'pg_temp.etl_staging', order: 'etl_order' }
  const columns = into.columns.map((column) => name(column.into.name))
  const isKey = (column: string) => keyOf(config).some((one) => sameName(one, column))
  const names = into.columns.map((column) => column.into.name)
  const key = names.filter(isKey).map(name)
  const assigned = names.filter((one) => !isKey(one)).map((one) => `${name(one)} = EXCLUDED.${name(one)}`)
  let staged = false
  return {
    method: 'COPY + UPSERT',
    async write(batch, session) {
      // It has the constraints of the table but its keys: what is refused, is refused here.
      if (staged) await db.execute('DELETE FROM pg_temp.etl_staging')
      else await db.execute(`CREATE TEMPORARY TABLE etl_staging (LIKE ${into.table} ${likeIt}, etl_order bigint)`)
      staged = true
      const refused = await loadBatch(db, staging, batch, session)
      await db.execute(
        `INSERT INTO ${into.table} (${columns.join(', ')})
         SELECT ${columns.join(', ')} FROM (SELECT DISTINCT ON (${key.join(', ')}) * FROM pg_temp.etl_staging ORDER BY ${key.join(', ')}, etl_order DESC) AS last
         ON CONFLICT (${key.join(', ')}) DO ${assigned.length === 0 ? 'NOTHING' : `UPDATE SET ${assigned.join(', ')}`}`,
      )
      return refused
    },
  }
}
