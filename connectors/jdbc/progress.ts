import { createHash, randomUUID } from 'node:crypto'
import type { Connection } from 'mysql2/promise'
import { JobError } from '../../core/errors/job-error.js'
import type { Fence } from '../../core/execution/fence.js'
import type { Mark, SinkKey } from '../spi.js'
import { asServerError, isConnectionLoss, isLockTrouble } from './mysql-fault.js'
import { execute, rowsOf } from './mysql-sql.js'

/** The marks of all sinks that write into a database, beside the data: both commit together (I2). */
const createProgress = `
  CREATE TABLE IF NOT EXISTS etl_sink_progress (
    lineage_id VARCHAR(64) NOT NULL,
    sink_uid VARCHAR(255) NOT NULL,
    subtask INT NOT NULL,
    epoch BIGINT NOT NULL DEFAULT 0,
    fence_generation BIGINT NOT NULL DEFAULT 0,
    fence_attempt BIGINT NOT NULL DEFAULT 0,
    fence_epoch BIGINT NOT NULL DEFAULT 0,
    fence_activity_attempt BIGINT NOT NULL DEFAULT 0,
    token CHAR(36) NULL,
    written BIGINT NOT NULL DEFAULT 0,
    counters LONGTEXT NULL,
    reject_file VARCHAR(1024) NULL,
    finished_epoch BIGINT NOT NULL DEFAULT 0,
    created_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    updated_at DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
    PRIMARY KEY (lineage_id, sink_uid, subtask)
  ) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin`

const ofKey = 'lineage_id = ? AND sink_uid = ? AND subtask = ?'
const notNewer = '(fence_generation, fence_attempt, fence_epoch, fence_activity_attempt) <= (?, ?, ?, ?)'
const keyValues = (key: SinkKey) => [key.lineageId, key.sinkUid, key.subtask]
const fenceValues = (fence: Fence) => [fence.generation, fence.attempt, fence.epoch, fence.activityAttempt]

/** Only this makes progress rows: where one is missing, somebody cleared the lineage away. */
export async function prepareProgress(connection: Connection, keys: readonly SinkKey[]): Promise<void> {
  await execute(connection, createProgress)
  for (const key of keys) {
    await execute(
      connection,
      'INSERT IGNORE INTO etl_sink_progress (lineage_id, sink_uid, subtask) VALUES (?, ?, ?)',
      keyValues(key),
    )
  }
}

/** Takes the fence, ends whoever still writes, and answers the token that proves it. */
export async function takeFence(connection: Connection, key: SinkKey, fence: Fence): Promise<string> {
  const token = randomUUID()
  await execute(connection, 'SET SESSION innodb_lock_wait_timeout = 1')
  for (let tries = 0; !(await setFence(connection, key, fence, token)); tries += 1) {
    // An older writer holds the row between its mark and its commit; its fence was compared by setFence.
    if (tries === 20)
      throw new JobError('sink.refused', 'The progress row of this sink stays locked by another transaction.')
    await endHolder(connection, key)
  }
  await takeLock(connection, key, token)
  await execute(connection, 'SET SESSION innodb_lock_wait_timeout = 50')
  return token
}

/** The mark of the newest epoch that is visible, or null. */
export async function committedMark(connection: Connection, key: SinkKey): Promise<Mark | null> {
  const sql = `SELECT epoch, written, counters, reject_file FROM etl_sink_progress WHERE ${ofKey}`
  const [row] = await rowsOf(connection, sql, keyValues(key))
  if (!row || Number(row.epoch) === 0) return null
  return {
    epoch: Number(row.epoch),
    written: Number(row.written),
    rejects: row.reject_file as string | null,
    counters: String(row.counters),
  }
}

/** The last statement of the data transaction: false if a newer writer has taken over. */
export async function setMark(connection: Connection, key: SinkKey, token: string, mark: Mark): Promise<boolean> {
  const result = await execute(
    connection,
    `UPDATE etl_sink_progress SET epoch = ?, written = ?, counters = ?, reject_file = ?, updated_at = CURRENT_TIMESTAMP(3) WHERE ${ofKey} AND token = ?`,
    [mark.epoch, mark.written, mark.counters, mark.rejects, ...keyValues(key), token],
  )
  return result.affectedRows === 1
}

export async function holdsFence(connection: Connection, key: SinkKey, token: string): Promise<boolean> {
  const rows = await rowsOf(connection, `SELECT 1 FROM etl_sink_progress WHERE ${ofKey} AND token = ?`, [
    ...keyValues(key),
    token,
  ])
  return rows.length === 1
}

/** Has `finish` done its work for everything that these keys have committed? Locks the rows. */
export async function isFinished(connection: Connection, key: SinkKey): Promise<boolean> {
  const sql = `SELECT epoch, finished_epoch FROM etl_sink_progress WHERE ${ofKey} FOR UPDATE`
  const [row] = await rowsOf(connection, sql, keyValues(key))
  return row !== undefined && Number(row.finished_epoch) > 0 && Number(row.finished_epoch) >= Number(row.epoch)
}

export async function setFinished(connection: Connection, key: SinkKey): Promise<void> {
  await execute(
    connection,
    `UPDATE etl_sink_progress SET finished_epoch = GREATEST(epoch, 1) WHERE ${ofKey}`,
    keyValues(key),
  )
}

export const fenced = () => new JobError('fenced', 'A newer attempt writes into this table now.')

/** False: the row is locked. Throws `fenced` if it is missing or has a newer fence. */
async function setFence(connection: Connection, key: SinkKey, fence: Fence, token: string): Promise<boolean> {
  const readFence = `SELECT ${notNewer} AS free FROM etl_sink_progress WHERE ${ofKey}`
  const [row] = await rowsOf(connection, readFence, [...fenceValues(fence), ...keyValues(key)]).catch(noneYet)
  if (!row || Number(row.free) !== 1) throw fenced()
  try {
    const result = await execute(
      connection,
      `UPDATE etl_sink_progress SET fence_generation = ?, fence_attempt = ?, fence_epoch = ?, fence_activity_attempt = ?, token = ?
       WHERE ${ofKey} AND ${notNewer}`,
      [...fenceValues(fence), token, ...keyValues(key), ...fenceValues(fence)],
    )
    if (result.affectedRows !== 1) throw fenced()
    return true
  } catch (error) {
    if (isLockTrouble(error)) return false
    throw error
  }
}

/** Nothing was ever prepared in this database. */
function noneYet(error: unknown): [] {
  if (asServerError(error).code === 'ER_NO_SUCH_TABLE') return []
  throw error
}

/** Held for the life of the connection; a zombie's row locks would make the newer writer wait. */
async function takeLock(connection: Connection, key: SinkKey, token: string): Promise<void> {
  for (let tries = 0; tries < 20; tries += 1) {
    const [row] = await rowsOf(connection, 'SELECT GET_LOCK(?, ?) AS taken', [lockName(key), tries === 0 ? 0 : 1])
    if (Number(row?.taken) === 1) {
      // Between the fence and the lock a newer one may have come: it has the say.
      if (await holdsFence(connection, key, token)) return
      throw fenced()
    }
    if (!(await holdsFence(connection, key, token))) throw fenced()
    await endHolder(connection, key)
  }
  throw new JobError('sink.refused', 'Another connection keeps the lock of this sink and cannot be ended.')
}

async function endHolder(connection: Connection, key: SinkKey): Promise<void> {
  const [row] = await rowsOf(connection, 'SELECT IS_USED_LOCK(?) AS holder, CONNECTION_ID() AS me', [lockName(key)])
  if (row?.holder == null || Number(row.holder) === Number(row.me)) return
  try {
    await execute(connection, `KILL ${Number(row.holder)}`)
  } catch (error) {
    // It may have ended by itself.
    if (isConnectionLoss(error)) throw error
  }
}

function lockName(key: SinkKey): string {
  const hash = createHash('sha256').update(`${key.lineageId}\n${key.sinkUid}\n${key.subtask}`).digest('hex')
  return `etl:${hash.slice(0, 56)}`
}
