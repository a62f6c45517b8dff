/**
 * Who waits, and for what. What runs is counted, no counter is kept: nothing can leak. Larger priority goes first, then who
 * was accepted first, across jobs where the system's limit binds; who waits for its own job stands in nobody else's way.
 */
import type { Transaction } from 'sequelize'
import type { Database } from '../../database.js'
import type { JobExecutionRow } from '../../tables/executions.js'

export interface Room {
  readonly ofJob: number
  /** null: no limit. */
  readonly ofSystem: number | null
}

type Waiting = Pick<JobExecutionRow, 'id' | 'executionId' | 'jobId' | 'lineageId' | 'priority' | 'replay'>

/** null: it may run. The job must be locked, and the system's limit, if there is one; without locks it is for people. */
export async function reasonToWait(
  db: Database,
  execution: Waiting,
  room: Room,
  transaction?: Transaction,
): Promise<string | null> {
  const { running, inLineage, before } = await inJob(db, execution, transaction)
  if (inLineage > 0) return 'Another execution of the same lineage is running.'
  // A replay is no run of the job: it neither waits for them nor keeps them waiting.
  if (execution.replay !== null) return null
  if (running + before >= room.ofJob) return ofJob(running, room.ofJob, before)
  if (room.ofSystem === null) return null
  const all = await inSystem(db, execution, transaction)
  if (all.running + all.before < room.ofSystem) return null
  return ofSystem(all.running, room.ofSystem, all.before)
}

const ofJob = (running: number, most: number, before: number) =>
  `${running} of ${most} concurrent runs of this job are running${thoseBefore(before)}.`

const ofSystem = (running: number, most: number, before: number) =>
  `${running} of ${most} executions that may run at once in the whole system are running${thoseBefore(before)}.`

/** The limit that is reached for each of these jobs now: for people, and for a whole page at the cost of one. */
export async function reachedLimits(
  db: Database,
  jobIds: readonly string[],
  most: number | null,
): Promise<ReadonlyMap<string, string>> {
  if (jobIds.length === 0) return new Map()
  const rows = await db.query<{ jobId: string; most: number; running: number | string; all: number | string }>(
    `SELECT j.job_id AS jobId, j.max_concurrent_runs AS most, ${RUNNING_IN_SYSTEM} AS \`all\`,
            (SELECT COUNT(*) FROM etl_job_execution e
              WHERE e.job_id = j.job_id AND e.execution_status ${IS_LIVE} AND e.replay IS NULL) AS running
       FROM etl_job j WHERE j.job_id IN (:jobIds)`,
    { jobIds },
  )
  return new Map(
    rows.flatMap((row) => {
      const [running, all] = [Number(row.running), Number(row.all)]
      if (running >= row.most) return [[row.jobId, ofJob(running, row.most, 0)]]
      return most !== null && all >= most ? [[row.jobId, ofSystem(all, most, 0)]] : []
    }),
  )
}

/** Whom room is looked for: the executions of a job, or all where the system's limit binds. */
export type Queue = { readonly jobId: string } | { readonly ofSystem: number }

/** Does anybody wait, or has been admitted and has not begun? */
export async function isAnyThere(db: Database, queue: Queue, transaction: Transaction): Promise<boolean> {
  const rows = await db.query<{ one: number }>(
    `SELECT 1 AS one FROM etl_job_execution
      WHERE (execution_status = 'WAITING' OR (execution_status = 'RUNNING' AND start_time IS NULL))
        ${'jobId' in queue ? 'AND job_id = :jobId' : ''} LIMIT 1`,
    { ...queue },
    transaction,
  )
  return rows.length > 0
}

/** The next that may run; null: no room, or nobody for it. `passed` are not asked again. */
export async function nextToRun(
  db: Database,
  queue: Queue,
  passed: readonly string[],
  transaction: Transaction,
): Promise<Pick<JobExecutionRow, 'executionId' | 'jobId' | 'lineageId'> | null> {
  const [row] = await db.query<Pick<JobExecutionRow, 'executionId' | 'jobId' | 'lineageId'>>(
    `SELECT e.execution_id AS executionId, e.job_id AS jobId, e.lineage_id AS lineageId ${waitingWithRoom('jobId' in queue)}
        AND e.cancel_requested = 0 AND ${LINEAGE_IS_FREE} AND e.execution_id NOT IN (:passed)
        AND ${'jobId' in queue ? 'e.job_id = :jobId' : `(${RUNNING_IN_SYSTEM} < :ofSystem OR e.replay IS NOT NULL)`}
      ORDER BY e.priority DESC, e.id LIMIT 1`,
    { ...queue, passed: ['', ...passed] },
    transaction,
  )
  return row ?? null
}

const IS_LIVE = `IN ('RUNNING', 'PAUSED', 'RESTARTING')`

const LINEAGE_IS_FREE = `NOT EXISTS (
  SELECT 1 FROM etl_job_execution o WHERE o.lineage_id = e.lineage_id AND o.execution_status ${IS_LIVE})`

const GOES_BEFORE = `e.replay IS NULL AND e.cancel_requested = 0
  AND (e.priority > :priority OR (e.priority = :priority AND e.id < :id)) AND ${LINEAGE_IS_FREE}`

const RUNNING_IN_SYSTEM = `(
  SELECT COUNT(*) FROM etl_job_execution r WHERE r.execution_status ${IS_LIVE} AND r.replay IS NULL)`

const waitingWithRoom = (ofOneJob: boolean) => `FROM etl_job_execution e JOIN etl_job j ON j.job_id = e.job_id
  LEFT JOIN (
    SELECT job_id, COUNT(*) AS runs FROM etl_job_execution
     WHERE execution_status ${IS_LIVE} AND replay IS NULL${ofOneJob ? ' AND job_id = :jobId' : ''} GROUP BY job_id) l ON l.job_id = e.job_id
 WHERE e.execution_status = 'WAITING' AND (COALESCE(l.runs, 0) < j.max_concurrent_runs OR e.replay IS NOT NULL)`

async function inJob(db: Database, { id, jobId, lineageId, priority }: Waiting, transaction?: Transaction) {
  const [row] = await db.query<Record<'running' | 'inLineage' | 'before', string | number | null>>(
    `SELECT SUM(e.execution_status <> 'WAITING' AND e.replay IS NULL) AS running,
            SUM(e.execution_status <> 'WAITING' AND e.lineage_id = :lineageId) AS inLineage,
            SUM(e.execution_status = 'WAITING' AND ${GOES_BEFORE}) AS \`before\`
       FROM etl_job_execution e
      WHERE e.job_id = :jobId AND (e.execution_status ${IS_LIVE} OR e.execution_status = 'WAITING')`,
    { id, jobId, lineageId, priority },
    transaction,
  )
  return { running: Number(row?.running), inLineage: Number(row?.inLineage), before: Number(row?.before) }
}

async function inSystem(db: Database, { id, priority }: Waiting, transaction?: Transaction) {
  const [row] = await db.query<Record<'running' | 'before', string | number>>(
    `SELECT ${RUNNING_IN_SYSTEM} AS running, (SELECT COUNT(*) ${waitingWithRoom(false)} AND ${GOES_BEFORE}) AS \`before\``,
    { id, priority },
    transaction,
  )
  return { running: Number(row?.running), before: Number(row?.before) }
}

function thoseBefore(count: number): string {
  if (count === 0) return ''
  return count === 1 ? ', and 1 that waits goes before it' : `, and ${count} that wait go before it`
}
