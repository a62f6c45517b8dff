/** Rows of `etl_trigger_event`: facts, and what jobs have made of them. */
import type { Transaction } from 'sequelize'
import type { TerminalStatus } from '../../../core/execution/status.js'
import type { Fact } from '../../../core/schedule/dependency.js'
import type { Database } from '../../database.js'
import type { JobScheduleRow } from '../../tables/jobs.js'
import type { TriggerEventRow } from '../../tables/system.js'

/** Of a fact; a claim names its job. */
const THE_FACT = ''

export async function findFact(db: Database, eventId: string): Promise<TriggerEventRow | null> {
  const row = await db.tables.triggerEvent.findOne({ where: { eventId, downstreamJobId: THE_FACT } })
  return row?.get() ?? null
}

export interface Unhandled {
  readonly id: string
  readonly eventId: string
  readonly isEnd: boolean
}

/** Nobody has looked yet whom they start: who wrote them died, or is about to look. */
export async function factsBefore(
  db: Database,
  before: Date,
  after: string,
  limit: number,
): Promise<readonly Unhandled[]> {
  const rows = await db.query<{ id: string; eventId: string; isEnd: number }>(
    `SELECT id, event_id AS eventId, source_execution_id IS NOT NULL AS isEnd FROM etl_trigger_event
      WHERE is_handled = 0 AND downstream_job_id = '' AND create_time < :before AND id > :after ORDER BY id LIMIT :limit`,
    { before, after, limit },
  )
  return rows.map(({ id, eventId, isEnd }) => ({ id: String(id), eventId, isEnd: Boolean(isEnd) }))
}

export async function markHandled(db: Database, eventId: string): Promise<void> {
  await db.tables.triggerEvent.update({ isHandled: true }, { where: { eventId, downstreamJobId: THE_FACT } })
}

/** Ends of its upstream jobs that the job has made no use of, since it has its schedule. To claim them, the job must be locked. */
export async function unclaimedEnds(
  db: Database,
  { jobId, dependencyJobIds, createTime }: JobScheduleRow,
  horizonMs: number,
  transaction?: Transaction,
): Promise<readonly Fact[]> {
  if (dependencyJobIds === null || dependencyJobIds.length === 0) return []
  const since = new Date(Math.max(createTime.getTime(), Date.now() - horizonMs))
  const rows = await db.query<{
    eventId: string
    jobId: string
    status: TerminalStatus
    logicalTime: Date
    isScheduledTime: number
    endedAt: Date
  }>(
    `SELECT f.event_id AS eventId, f.source_job_id AS jobId, f.source_status AS status, f.logical_time AS logicalTime,
            f.is_scheduled_time AS isScheduledTime, f.event_time AS endedAt
       FROM etl_trigger_event f
       LEFT JOIN etl_trigger_event c ON c.event_id = f.event_id AND c.downstream_job_id = :jobId
      WHERE f.source_job_id IN (:upstream) AND f.event_time >= :since AND f.downstream_job_id = '' AND c.id IS NULL`,
    { jobId, upstream: dependencyJobIds, since },
    transaction,
  )
  return rows.map(({ logicalTime, isScheduledTime, endedAt, ...row }) => ({
    ...row,
    logicalTimeMs: logicalTime.getTime(),
    isScheduledTime: Boolean(isScheduledTime),
    endedMs: endedAt.getTime(),
  }))
}

export interface Claim {
  readonly jobId: string
  readonly eventIds: readonly string[]
  /** null: it started none. */
  readonly executionId: string | null
  /** Why it started none. */
  readonly message: string | null
}

/** Once per fact and job: a second claim is a duplicate, and undoes what was made for it. */
export async function claim(db: Database, transaction: Transaction, made: Claim): Promise<void> {
  if (made.eventIds.length === 0) return
  await db.execute(
    `INSERT INTO etl_trigger_event
       (event_id, downstream_job_id, event_type, source_job_id, source_execution_id, source_status, logical_time,
        is_scheduled_time, event_time, claimed_execution_id, message, is_handled)
     SELECT event_id, :jobId, event_type, source_job_id, source_execution_id, source_status, logical_time,
            is_scheduled_time, event_time, :executionId, :message, 1
       FROM etl_trigger_event WHERE downstream_job_id = '' AND event_id IN (:eventIds)`,
    { ...made, message: made.message?.slice(0, LONGEST_MESSAGE) ?? null },
    transaction,
  )
}

const LONGEST_MESSAGE = 1024
