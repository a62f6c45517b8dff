import type { Session } from '../../../duckdb/session.js'
import type { OpenSink, RejectedRow, SinkBatch, SinkQuery } from '../../spi.js'
import type { Destination, Dialect, Writer, Writing } from '../dialect.js'
import { publishByCopy } from '../finish.js'
import { type Loading, openTransaction } from '../open-sink.js'
import type { MysqlDb } from './db.js'
import { faultOfName, faultOfType, fits } from './fits.js'
import { loadData } from './load-data.js'
import { progressSql } from './progress-sql.js'
import { checkReplace, makeShadow, publishByRename } from './publish.js'
import { stageQuery } from './stage-query.js'
import { addColumns, createTable, hasUniqueKey, quoted, readTarget } from './target.js'
import { createStaging, hasOtherKeys, upsertStaged } from './upsert.js'
import { allowsLoadData, insertRows } from './write-rows.js'

export const writing: Writing<MysqlDb> = {
  readTarget,
  createTable,
  addColumns,
  hasUniqueKey,
  quoted,
  faultOfName,
  faultOfType,
  fits,
  progress: progressSql,
  checkReplace,
  makeShadow,
  publish: (dialect, db, shadow, where) =>
    where === null ? publishByRename(dialect, db, shadow) : publishByCopy(dialect, db, shadow, where),
  openSink,
}

async function openSink(dialect: Dialect, writer: Writer<MysqlDb>): Promise<OpenSink> {
  const { client } = writer.db
  const loads = await allowsLoadData(client)
  const method = loads ? 'LOAD DATA' : 'INSERT'
  const note = loads ? '' : ', since the server has local_infile off'
  const loading: Loading =
    writer.config.mode === 'UPSERT'
      ? { method: `${method} + UPSERT${note}`, write: upserting(writer, loads) }
      : {
          method: `${method}${note}`,
          write: (batch, session) => writeBatch(writer, loads, writer.into, batch, session),
          ...(loads && {
            stageQuery: (query: SinkQuery, session: Session, files: Set<string>) =>
              stageQuery(client, writer.into, query, session, files),
          }),
        }
  return openTransaction(dialect, writer, loading)
}

function upserting(writer: Writer<MysqlDb>, loads: boolean): Loading['write'] {
  const { db, into } = writer
  const staging: Destination = { ...into, table: '`etl_staging`', order: 'etl_order' }
  let others: boolean | null = null
  return async (batch, session) => {
    if (others === null) await db.execute(createStaging(into, staging.table))
    others ??= await hasOtherKeys(writer)
    await db.execute(`DELETE FROM ${staging.table}`)
    const refused = await writeBatch(writer, loads, staging, batch, session)
    await upsertStaged(writer, staging.table, others)
    return refused
  }
}

async function writeBatch(
  { db, config }: Writer<MysqlDb>,
  loads: boolean,
  to: Destination,
  batch: SinkBatch,
  session: Session,
): Promise<readonly RejectedRow[]> {
  const refused = loads ? await loadData(db.client, to, batch, session) : null
  return refused ?? (await insertRows(db.client, to, batch, session, config.batchSize))
}
