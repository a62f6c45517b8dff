/** The whole system at a glance: what monitoring asks again and again. */
import { UNFINISHED } from '../../core/execution/status.js'
import type { Database } from '../database.js'
import { systemLimit } from './journal/system-limit.js'
import { LOST_MS } from './worker-store.js'

/** Those that have not ended, by the key (execution_status, create_time). */
const COUNTED = `SELECT execution_status AS status, COUNT(*) AS count, MIN(create_time) AS oldest
  FROM etl_job_execution WHERE execution_status IN (${UNFINISHED.map((status) => `'${status}'`).join(', ')}) GROUP BY execution_status`

export function overviewStore(db: Database) {
  return async () => {
    const [counted, [present], limit] = await Promise.all([
      db.query<{ status: string; count: string | number; oldest: Date | string }>(COUNTED),
      db.query<{ workers: string | number; slots: string | number; used: string | number }>(
        `SELECT COUNT(*) AS workers, COALESCE(SUM(slots), 0) AS slots, COALESCE(SUM(slots_used), 0) AS used
           FROM etl_worker WHERE worker_status = 'RUNNING' AND heartbeat_time >= :since`,
        { since: new Date(Date.now() - LOST_MS) },
      ),
      systemLimit(db),
    ])
    const oldest = counted.find(({ status }) => status === 'WAITING')?.oldest
    return {
      executions: Object.fromEntries(
        UNFINISHED.map((status) => [status, Number(counted.find((row) => row.status === status)?.count ?? 0)]),
      ),
      oldestWaitMs: oldest === undefined ? 0 : Math.max(0, Date.now() - new Date(oldest).getTime()),
      limit: limit ?? 0,
      workers: Number(present?.workers ?? 0),
      slots: Number(present?.slots ?? 0),
      slotsUsed: Number(present?.used ?? 0),
    }
  }
}
