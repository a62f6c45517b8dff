import { createHash, randomUUID } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import type { Fence } from '../../core/execution/fence.js'
import type { Mark, SinkKey } from '../spi.js'
import type { Db, Dialect } from './dialect.js'

/** Marks are kept in the target, beside the data: both commit together (I2). */
const ofKey = 'lineage_id = ? AND sink_uid = ? AND subtask = ?'
const notNewer = '(fence_generation, fence_attempt, fence_epoch, fence_activity_attempt) <= (?, ?, ?, ?)'
const keyValues = (key: SinkKey) => [key.lineageId, key.sinkUid, key.subtask]
const fenceValues = (fence: Fence) => [fence.generation, fence.attempt, fence.epoch, fence.activityAttempt]

/** Only this makes progress rows: where one is missing, somebody cleared the lineage away. */
export async function prepareProgress({ writing }: Dialect, db: Db, keys: readonly SinkKey[]): Promise<void> {
  await db.execute(writing.progress.createTable)
  for (const key of keys) {
    await db.execute(writing.progress.insertRow, keyValues(key))
  }
}

/** Takes the fence, ends whoever still writes, and answers the token that proves it. */
export async function takeFence(dialect: Dialect, db: Db, key: SinkKey, fence: Fence): Promise<string> {
  const token = randomUUID()
  const { progress } = dialect.writing
  await db.execute(progress.lockWait(1))
  for (let tries = 0; !(await setFence(dialect, db, key, fence, token)); tries += 1) {
    // An older writer holds the row between its mark and its commit; its fence was compared by setFence.
    if (tries === 20)
      throw new JobError('sink.refused', 'The progress row of this sink stays locked by another transaction.')
    await progress.endHolder(db, lockName(key))
  }
  await takeLock(dialect, db, key, token)
  await db.execute(progress.lockWait(50))
  return token
}

/** The mark of the newest epoch that is visible, or null. */
export async function committedMark(db: Db, key: SinkKey): Promise<Mark | null> {
  const sql = `SELECT epoch, written, counters, reject_file FROM etl_sink_progress WHERE ${ofKey}`
  const [row] = await db.rows(sql, keyValues(key))
  if (!row || Number(row.epoch) === 0) return null
  return {
    epoch: Number(row.epoch),
    written: Number(row.written),
    rejects: row.reject_file as string | null,
    counters: String(row.counters),
  }
}

/** The last statement of the data transaction: false if a newer writer has taken over. */
export async function setMark(db: Db, key: SinkKey, token: string, mark: Mark): Promise<boolean> {
  const result = await db.execute(
    `UPDATE etl_sink_progress SET epoch = ?, written = ?, counters = ?, reject_file = ?, updated_at = CURRENT_TIMESTAMP WHERE ${ofKey} AND token = ?`,
    [mark.epoch, mark.written, mark.counters, mark.rejects, ...keyValues(key), token],
  )
  return result === 1
}

export async function holdsFence(db: Db, key: SinkKey, token: string): Promise<boolean> {
  const rows = await db.rows(`SELECT 1 FROM etl_sink_progress WHERE ${ofKey} AND token = ?`, [...keyValues(key), token])
  return rows.length === 1
}

/** Has `finish` done its work for everything that these keys have committed? Locks the rows. */
export async function isFinished(
  {
    writing: {
      progress: { forUpdate },
    },
  }: Dialect,
  db: Db,
  key: SinkKey,
): Promise<boolean> {
  const sql = `SELECT epoch, finished_epoch FROM etl_sink_progress WHERE ${ofKey} ${forUpdate}`
  const [row] = await db.rows(sql, keyValues(key))
  return row !== undefined && Number(row.finished_epoch) > 0 && Number(row.finished_epoch) >= Number(row.epoch)
}

export async function setFinished(db: Db, key: SinkKey): Promise<void> {
  await db.execute(
    `UPDATE etl_sink_progress SET finished_epoch = CASE WHEN epoch > 1 THEN epoch ELSE 1 END WHERE ${ofKey}`,
    keyValues(key),
  )
}

export const fenced = () => new JobError('fenced', 'A newer attempt writes into this table now.')

/** False: the row is locked. Throws `fenced` if it is missing or has a newer fence. */
async function setFence(dialect: Dialect, db: Db, key: SinkKey, fence: Fence, token: string): Promise<boolean> {
  const readFence = `SELECT CASE WHEN ${notNewer} THEN 1 ELSE 0 END AS free FROM etl_sink_progress WHERE ${ofKey}`
  const [row] = await db.rows(readFence, [...fenceValues(fence), ...keyValues(key)]).catch((error: unknown) => {
    if (dialect.writing.progress.isMissing(error)) return []
    throw error
  })
  if (!row || Number(row.free) !== 1) throw fenced()
  try {
    const touched = await db.execute(
      `UPDATE etl_sink_progress SET fence_generation = ?, fence_attempt = ?, fence_epoch = ?, fence_activity_attempt = ?, token = ?
       WHERE ${ofKey} AND ${notNewer}`,
      [...fenceValues(fence), token, ...keyValues(key), ...fenceValues(fence)],
    )
    if (touched !== 1) throw fenced()
    return true
  } catch (error) {
    if (dialect.isLocked(error)) return false
    throw error
  }
}

/** Held for the life of the connection; a zombie's row locks would make the newer writer wait. */
async function takeLock(dialect: Dialect, db: Db, key: SinkKey, token: string): Promise<void> {
  const { progress } = dialect.writing
  for (let tries = 0; tries < 20; tries += 1) {
    if (await progress.tryLock(db, lockName(key), tries === 0 ? 0 : 1)) {
      // Between the fence and the lock a newer one may have come: it has the say.
      if (await holdsFence(db, key, token)) return
      throw fenced()
    }
    if (!(await holdsFence(db, key, token))) throw fenced()
    await progress.endHolder(db, lockName(key))
  }
  throw new JobError('sink.refused', 'Another connection keeps the lock of this sink and cannot be ended.')
}

function lockName(key: SinkKey): string {
  const hash = createHash('sha256').update(`${key.lineageId}\n${key.sinkUid}\n${key.subtask}`).digest('hex')
  return `etl:${hash.slice(0, 56)}`
}
