import { rm } from 'node:fs/promises'
import type { Connection } from 'mysql2/promise'
import type { Column } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import type { Mark, OpenSink, RejectedRow, SinkBatch, SinkKey, SinkQuery } from '../spi.js'
import { type JdbcConnection, type JdbcSinkConfig, keyOf } from './config.js'
import { hostOf, withConnection } from './connect.js'
import { loadData } from './load-data.js'
import { isConnectionLoss, mysqlFault } from './mysql-fault.js'
import { execute, name } from './mysql-sql.js'
import { fenced, holdsFence, setMark } from './progress.js'
import { stageQuery } from './stage-query.js'
import { type Destination, insertRows } from './write-rows.js'

interface Writer {
  readonly config: JdbcSinkConfig
  readonly access: JdbcConnection
  /** Holds the advisory lock of the key as long as it lives. */
  readonly connection: Connection
  readonly key: SinkKey
  readonly token: string
  readonly into: Destination
  readonly committed: Mark | null
  /** Is LOAD DATA allowed? */
  readonly loads: boolean
}

/** One epoch is one transaction, which begins with its first batch. */
export function openJdbcSink(writer: Writer): OpenSink {
  const { connection, config, into } = writer
  const upsert = config.mode === 'UPSERT'
  const staging: Destination = { ...into, table: '`etl_staging`', order: 'etl_order' }
  const files = new Set<string>()
  let begun = false
  let staged = false
  let closed = false

  const begin = async () => {
    if (begun) return
    await execute(connection, 'START TRANSACTION')
    begun = true
  }
  const write = async (batch: SinkBatch, session: Session): Promise<readonly RejectedRow[]> => {
    await begin()
    if (!upsert) return writeBatch(writer, into, batch, session)
    if (!staged) await execute(connection, createStaging(into, staging.table))
    staged = true
    await execute(connection, `DELETE FROM ${staging.table}`)
    const refused = await writeBatch(writer, staging, batch, session)
    await upsertStaged(writer, staging.table)
    return refused
  }

  return {
    committed: writer.committed,
    method: `${writer.loads ? 'LOAD DATA' : 'INSERT'}${upsert ? ' + UPSERT' : ''}${writer.loads ? '' : ', since the server has local_infile off'}`,
    append: (batch, session) =>
      batch.records === 0 ? Promise.resolve([]) : guarded(writer, () => write(batch, session)),
    ...(writer.loads &&
      !upsert && {
        stageQuery: async (query: SinkQuery, session: Session) => {
          const { records, append } = await stageQuery(connection, into, query, session, files)
          return { records, append: () => guarded(writer, () => begin().then(append)) }
        },
      }),
    commit: (mark) =>
      guarded(writer, async () => {
        await begin()
        if (!(await setMark(connection, writer.key, writer.token, mark))) {
          await execute(connection, 'ROLLBACK')
          throw fenced()
        }
        await execute(connection, 'COMMIT')
        begun = false
      }),
    async close() {
      if (closed) return
      closed = true
      // Without commit the server rolls back, and frees the lock.
      if (begun) connection.destroy()
      else await connection.end().catch(() => connection.destroy())
      for (const file of files) await rm(file, { force: true })
    },
  }
}

async function writeBatch(
  writer: Writer,
  to: Destination,
  batch: SinkBatch,
  session: Session,
): Promise<readonly RejectedRow[]> {
  const { connection, config } = writer
  const refused = writer.loads ? await loadData(connection, to, batch, session) : null
  if (refused !== null) return refused
  return insertRows(connection, to, batch, session, config.batchSize)
}

/** Without keys of its own, so that it takes every record; `CREATE TEMPORARY` does not end a transaction. */
function createStaging(into: Destination, staging: string): string {
  const columns = into.columns.map((column) => name(column.name)).join(', ')
  return `CREATE TEMPORARY TABLE ${staging} ENGINE = InnoDB AS SELECT ${columns}, CAST(0 AS SIGNED) AS etl_order FROM ${into.table} LIMIT 0`
}

/** In source order, so that the last record of a key wins. */
async function upsertStaged(writer: Writer, staging: string): Promise<void> {
  const { connection, into, config } = writer
  const columns = into.columns.map((column) => name(column.name)).join(', ')
  const key = new Set(keyOf(config).map((column) => column.toLowerCase()))
  const values = into.columns.filter((column) => !key.has(column.name.toLowerCase()))
  const updated = values.length > 0 ? values : into.columns.slice(0, 1)
  const assign = (column: Column) => `${name(column.name)} = VALUES(${name(column.name)})`
  await execute(
    connection,
    `INSERT INTO ${into.table} (${columns}) SELECT ${columns} FROM ${staging} ORDER BY etl_order
     ON DUPLICATE KEY UPDATE ${updated.map(assign).join(', ')}`,
  )
}

/** A connection that was ended by a newer writer looks like a lost one: the fence says which it was. */
async function guarded<T>(writer: Writer, run: () => Promise<T>): Promise<T> {
  try {
    return await run()
  } catch (error) {
    if (isConnectionLoss(error)) {
      const mine = await withConnection(writer.access, (other) => holdsFence(other, writer.key, writer.token)).catch(
        () => true,
      )
      if (!mine) throw fenced()
    }
    throw mysqlFault(error, hostOf(writer.access))
  }
}
