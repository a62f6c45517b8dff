/** COPY of batches, within the open transaction; a record that the target refuses is named by its line. */
import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../../../core/errors/job-error.js'
import type { Session } from '../../../duckdb/session.js'
import { identifier, text } from '../../../duckdb/sql.js'
import type { RejectedRow, SinkBatch, SinkQuery, StagedBatch } from '../../spi.js'
import type { Destination } from '../dialect.js'
import { name } from '../standard-sql.js'
import { copyIn } from './copy.js'
import type { PostgresDb } from './db.js'
import { asServerError, isRecordTrouble } from './fault.js'
import { encodedFor } from './types.js'

const chunkBytes = 256 * 1024
/** After a refused record so many are tried at once, then more. */
const fewRows = 64

/** Records that the target refuses come back; the rest is in. */
export async function loadBatch(
  db: PostgresDb,
  to: Destination,
  batch: SinkBatch,
  session: Session,
): Promise<readonly RejectedRow[]> {
  const rejected: RejectedRow[] = []
  let size = batch.records
  for (let from = 0; from < batch.records; ) {
    const end = Math.min(from + size, batch.records)
    const trouble = await tryRows(db, to, batch, session, from, end)
    if (trouble === null) {
      from = end
      size *= 2
      continue
    }
    const line = Number(/, line (\d+)/.exec(trouble.where)?.[1] ?? 0)
    if (end - from === 1) {
      rejected.push({ rowid: from, code: 'record.bad', message: trouble.message })
      from = end
    } else {
      // Those before the named one first, then that one alone; without a name by halves.
      size = line > 1 && line <= end - from ? line - 1 : line === 1 ? 1 : (end - from) >> 1
      continue
    }
    size = fewRows
  }
  return rejected
}

/** The file is made while the batch before is on its way to the server. */
export async function stageQuery(
  db: PostgresDb,
  to: Destination,
  { select }: SinkQuery,
  session: Session,
  files: Set<string>,
): Promise<StagedBatch> {
  const file = await copyFile(to, `(${select}) AS staged`, session)
  files.add(file.path)
  return {
    records: file.records,
    async append() {
      const trouble = await tryFile(db, to, file)
      if (trouble !== null) throw new JobError('record.bad', trouble.message)
    },
  }
}

const tryRows = async (
  db: PostgresDb,
  to: Destination,
  batch: SinkBatch,
  session: Session,
  from: number,
  end: number,
): Promise<Trouble | null> =>
  await tryFile(db, to, await copyFile(to, `${batch.table} WHERE rowid >= ${from} AND rowid < ${end}`, session))

interface CopyFile {
  readonly path: string
  readonly records: number
}

interface Trouble {
  readonly message: string
  readonly where: string
}

async function copyFile(to: Destination, from: string, session: Session): Promise<CopyFile> {
  const path = join(session.folder, `${randomUUID()}.copy`)
  const values = to.columns.map(
    (column, at) => `${encodedFor(column.into, column.type, identifier(column.name))} AS c${at}`,
  )
  if (to.order !== null) values.push('rowid AS place')
  try {
    // Values hold no tab and no line end any more: none is quoted, and a line is a record.
    const records = await session.count(
      `COPY (SELECT ${values.join(', ')} FROM ${from}) TO ${text(path)}
       (FORMAT csv, HEADER false, DELIMITER '\t', QUOTE '', ESCAPE '', NULLSTR '\\N')`,
    )
    return { path, records }
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** null: all of it is in. Else nothing of it is, and why. */
async function tryFile({ client, execute }: PostgresDb, to: Destination, file: CopyFile): Promise<Trouble | null> {
  try {
    if (file.records === 0) return null
    const columns = [...to.columns.map((column) => column.into.name), ...(to.order === null ? [] : [to.order])]
    await execute('SAVEPOINT etl_batch')
    const chunks = createReadStream(file.path, { highWaterMark: chunkBytes })
    const copied = await copyIn(client, `COPY ${to.table} (${columns.map(name).join(', ')}) FROM STDIN`, chunks)
    if (copied === file.records) return null
    await execute('ROLLBACK TO SAVEPOINT etl_batch')
    return { message: `The table took ${copied} of ${file.records} records.`, where: '' }
  } catch (error) {
    if (!isRecordTrouble(error)) throw error
    await execute('ROLLBACK TO SAVEPOINT etl_batch')
    const { message = '', where = '' } = asServerError(error)
    return { message, where }
  } finally {
    await rm(file.path, { force: true })
  }
}
