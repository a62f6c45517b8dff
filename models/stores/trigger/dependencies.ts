/** What a job waits for, and what waits for it, as people ask: why has it not started? */
import { JobError } from '../../../core/errors/job-error.js'
import type { Database } from '../../database.js'
import { wholeOf } from '../schedule/readable.js'
import { ruleOf, unclaimedOf } from './start-dependants.js'

export interface Dependencies {
  /** null: it waits for no job. */
  readonly waitsFor: {
    readonly isEnabled: boolean
    readonly require: 'ALL' | 'ANY'
    readonly status: 'COMPLETED' | 'FAILED' | 'CANCELLED' | 'ANY'
    readonly jobs: readonly UpstreamJob[]
  } | null
  readonly startsWhenEnded: readonly { readonly jobId: string; readonly name: string; readonly isEnabled: boolean }[]
}

export interface UpstreamJob {
  readonly jobId: string
  readonly name: string
  readonly isDeleted: boolean
  /** Of its own schedule; null: it has none. */
  readonly isEnabled: boolean | null
  /** Ends that wait for those of the others, newest first. */
  readonly ends: readonly {
    readonly executionId: string
    readonly status: string
    readonly logicalTime: string
    readonly isScheduledTime: boolean
    readonly endedAt: string
  }[]
}

/** Of each upstream. */
const SHOWN = 10

export async function dependenciesOf(db: Database, jobId: string): Promise<Dependencies> {
  if ((await db.tables.job.count({ where: { jobId, isDeleted: false } })) === 0)
    throw new JobError('not.found', `There is no job ${jobId}.`)
  const downstream = await db.query<{ jobId: string; name: string; isEnabled: number }>(
    `SELECT j.job_id AS jobId, j.job_name AS name, s.is_enabled AS isEnabled
       FROM etl_job_schedule s JOIN etl_job j ON j.job_id = s.job_id
      WHERE s.schedule_type = 'DEPENDENCY' AND j.is_deleted = 0
        AND JSON_CONTAINS(s.dependency_job_ids, JSON_QUOTE(:jobId)) ORDER BY j.job_name`,
    { jobId },
  )
  return {
    waitsFor: await waitsFor(db, jobId),
    startsWhenEnded: downstream.map((one) => ({ ...one, isEnabled: Boolean(one.isEnabled) })),
  }
}

async function waitsFor(db: Database, jobId: string): Promise<Dependencies['waitsFor']> {
  const row = await db.tables.jobSchedule.findOne({ where: { jobId, scheduleType: 'DEPENDENCY' } })
  if (row === null) return null
  const schedule = wholeOf(row)
  const { require, status, jobIds } = ruleOf(schedule)
  const facts = [...(await unclaimedOf(db, schedule))].sort((a, b) => b.endedMs - a.endedMs)
  const upstream = await db.query<{ jobId: string; name: string; isDeleted: number; isEnabled: number | null }>(
    `SELECT j.job_id AS jobId, j.job_name AS name, j.is_deleted AS isDeleted, s.is_enabled AS isEnabled
       FROM etl_job j LEFT JOIN etl_job_schedule s ON s.job_id = j.job_id WHERE j.job_id IN (:jobIds)
      ORDER BY j.job_name`,
    { jobIds },
  )
  const jobs = upstream.map(({ isDeleted, isEnabled, ...job }) => ({
    ...job,
    isDeleted: Boolean(isDeleted),
    isEnabled: isEnabled === null ? null : Boolean(isEnabled),
    ends: facts
      .filter((fact) => fact.jobId === job.jobId)
      .slice(0, SHOWN)
      .map((fact) => ({
        executionId: fact.eventId,
        status: fact.status,
        logicalTime: new Date(fact.logicalTimeMs).toISOString(),
        isScheduledTime: fact.isScheduledTime,
        endedAt: new Date(fact.endedMs).toISOString(),
      })),
  }))
  return { isEnabled: schedule.isEnabled, require, status, jobs }
}
