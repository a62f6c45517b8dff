import type { ProgressSql } from '../dialect.js'
import type { MysqlDb } from './db.js'
import { asServerError, isConnectionLoss } from './fault.js'
import { execute, rowsOf } from './sql.js'

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

export const progressSql: ProgressSql<MysqlDb> = {
  createTable: createProgress,
  insertRow: 'INSERT IGNORE INTO etl_sink_progress (lineage_id, sink_uid, subtask) VALUES (?, ?, ?)',
  forUpdate: 'FOR UPDATE',
  lockWait: (seconds) => `SET SESSION innodb_lock_wait_timeout = ${seconds}`,

  async tryLock({ client }, name, waitSeconds) {
    const [row] = await rowsOf(client, 'SELECT GET_LOCK(?, ?) AS taken', [name, waitSeconds])
    return Number(row?.taken) === 1
  },

  async endHolder({ client }, name) {
    const [row] = await rowsOf(client, 'SELECT IS_USED_LOCK(?) AS holder, CONNECTION_ID() AS me', [name])
    if (row?.holder == null || Number(row.holder) === Number(row.me)) return
    try {
      await execute(client, `KILL ${Number(row.holder)}`)
    } catch (error) {
      // It may have ended by itself.
      if (isConnectionLoss(error)) throw error
    }
  },

  isMissing: (error) => asServerError(error).code === 'ER_NO_SUCH_TABLE',
}
