import { createHash } from 'node:crypto'
import type { ProgressSql } from '../dialect.js'
import type { PostgresDb } from './db.js'
import { asServerError } from './fault.js'

/** Two that make it at once: one of them is told so. */
const createTable = `
  DO $$ BEGIN
    CREATE TABLE IF NOT EXISTS etl_sink_progress (
      lineage_id varchar(64) NOT NULL,
      sink_uid varchar(255) NOT NULL,
      subtask integer NOT NULL,
      epoch bigint NOT NULL DEFAULT 0,
      fence_generation bigint NOT NULL DEFAULT 0,
      fence_attempt bigint NOT NULL DEFAULT 0,
      fence_epoch bigint NOT NULL DEFAULT 0,
      fence_activity_attempt bigint NOT NULL DEFAULT 0,
      token char(36) NULL,
      written bigint NOT NULL DEFAULT 0,
      counters text NULL,
      reject_file varchar(1024) NULL,
      finished_epoch bigint NOT NULL DEFAULT 0,
      created_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
      updated_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
      PRIMARY KEY (lineage_id, sink_uid, subtask)
    );
  EXCEPTION WHEN unique_violation OR duplicate_table THEN NULL;
  END $$`

export const progressSql: ProgressSql<PostgresDb> = {
  createTable,
  insertRow:
    'INSERT INTO etl_sink_progress (lineage_id, sink_uid, subtask) VALUES (?, ?, ?) ON CONFLICT (lineage_id, sink_uid, subtask) DO NOTHING',
  forUpdate: 'FOR UPDATE',
  lockWait: (seconds) => `SET lock_timeout = ${seconds * 1000}`,

  async tryLock(db, name, waitSeconds) {
    const until = Date.now() + waitSeconds * 1000
    for (;;) {
      const [row] = await db.rows(`SELECT pg_try_advisory_lock(${numberOf(name)}) AS taken`)
      if (row?.taken === 't') return true
      if (Date.now() >= until) return false
      await db.rows('SELECT pg_sleep(0.05)')
    }
  },

  async endHolder(db, name) {
    await db.rows(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid() AND objsubid = 1
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
         AND ((classid::bigint << 32) | objid::bigint) = ${numberOf(name)}`,
    )
  },

  isMissing: (error) => asServerError(error).code === '42P01',
}

/** Advisory locks are named by a number of 64 bits. */
const numberOf = (name: string): bigint => createHash('sha256').update(name).digest().readBigInt64BE()
