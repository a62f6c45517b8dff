import type { ProgressSql } from '../dialect.js'
import type { SqliteDb } from './db.js'

/**
 * Who writes in this process. A writer of another process need not be ended: the file has one writer at a time, who commits
 * before the newer one gets in, or is dead and holds nothing.
 */
const holders = new Map<string, SqliteDb>()

export const progressSql: ProgressSql<SqliteDb> = {
  createTable: `
    CREATE TABLE IF NOT EXISTS etl_sink_progress (
      lineage_id TEXT NOT NULL,
      sink_uid TEXT NOT NULL,
      subtask INTEGER NOT NULL,
      epoch INTEGER NOT NULL DEFAULT 0,
      fence_generation INTEGER NOT NULL DEFAULT 0,
      fence_attempt INTEGER NOT NULL DEFAULT 0,
      fence_epoch INTEGER NOT NULL DEFAULT 0,
      fence_activity_attempt INTEGER NOT NULL DEFAULT 0,
      token TEXT NULL,
      written INTEGER NOT NULL DEFAULT 0,
      counters TEXT NULL,
      reject_file TEXT NULL,
      finished_epoch INTEGER NOT NULL DEFAULT 0,
      created_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
      updated_at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
      PRIMARY KEY (lineage_id, sink_uid, subtask)
    )`,
  insertRow:
    'INSERT INTO etl_sink_progress (lineage_id, sink_uid, subtask) VALUES (?, ?, ?) ON CONFLICT (lineage_id, sink_uid, subtask) DO NOTHING',
  // The whole file is locked.
  forUpdate: '',
  lockWait: () => 'SELECT 1',

  async tryLock(db, name) {
    const holder = holders.get(name)
    if (holder !== undefined && holder !== db && holder.isOpen()) return false
    holders.set(name, db)
    return true
  },

  async endHolder(_db, name) {
    holders.get(name)?.destroy()
    holders.delete(name)
  },

  isMissing: (error) => error instanceof Error && /no such table/.test(error.message),
}
