/** A query as a file of CSV, which is made while the batch before is on its way to the server. */
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Connection } from 'mysql2/promise'
import { JobError } from '../../../core/errors/job-error.js'
import type { Session } from '../../../duckdb/session.js'
import { text } from '../../../duckdb/sql.js'
import type { SinkQuery, StagedBatch } from '../../spi.js'
import type { Destination } from '../dialect.js'
import { csvForm, packetBytes, tryLoad } from './load-data.js'
import { execute } from './sql.js'
import { encoded } from './write-rows.js'

/** `files`: those that wait to be appended; whoever closes the sink removes them. */
export async function stageQuery(
  connection: Connection,
  to: Destination,
  { select }: SinkQuery,
  session: Session,
  files: Set<string>,
): Promise<StagedBatch> {
  const file = join(session.folder, `${randomUUID()}.load`)
  files.add(file)
  const records = await session
    .count(`COPY (SELECT ${encoded(to)} FROM (${select})) TO ${text(file)} (${csvForm})`)
    .catch(async (error: unknown) => {
      await rm(file, { force: true })
      throw error
    })
  return {
    records,
    async append() {
      try {
        if (records === 0) return
        await execute(connection, 'SAVEPOINT etl_batch')
        const trouble = await tryLoad(connection, to, chunksOf(file), records)
        if (trouble === null) return
        await execute(connection, 'ROLLBACK TO SAVEPOINT etl_batch')
        throw new JobError('record.bad', trouble[0]?.message ?? 'The database would have changed a record.')
      } finally {
        await rm(file, { force: true })
      }
    },
  }
}

/** Opened when the server asks for it: a statement that it refuses leaves no file open. */
async function* chunksOf(file: string): AsyncGenerator<Buffer, void, void> {
  yield* createReadStream(file, { highWaterMark: packetBytes })
}
