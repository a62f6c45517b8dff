/**
 * An execution has ended: the jobs that depend on it are started. Its end is a fact that was written with its final status; each
 * job claims it once, in the transaction that makes its own execution. Asked again, or by two at once, it comes to the same.
 */
import type { Transaction } from 'sequelize'
import { type DependencyRule, roundsOf } from '../../../core/schedule/dependency.js'
import type { Database } from '../../database.js'
import type { JobScheduleRow } from '../../tables/jobs.js'
import { lockJob } from '../journal/ownership.js'
import { wholeOf } from '../schedule/readable.js'
import { eachSchedule, type Told } from '../schedule/troubles.js'
import { claim, findFact, markHandled, unclaimedEnds } from './facts.js'
import { PAUSED, skip, startBySchedule, type Triggered } from './start-by-schedule.js'

/** Where one of them fails, the fact stays to be handled. */
export async function startDependants(db: Database, eventId: string, told: Told): Promise<readonly Triggered[]> {
  const fact = await findFact(db, eventId)
  if (fact === null || fact.isHandled) return []
  const dependants = await db.query<{ jobId: string; scheduleId: string }>(
    `SELECT s.job_id AS jobId, s.schedule_id AS scheduleId FROM etl_job_schedule s JOIN etl_job j ON j.job_id = s.job_id
      WHERE s.schedule_type = 'DEPENDENCY' AND j.is_deleted = 0
        AND JSON_CONTAINS(s.dependency_job_ids, JSON_QUOTE(:upstream)) ORDER BY s.id`,
    { upstream: fact.sourceJobId },
  )
  const started: Triggered[] = []
  const start = async ({ jobId }: { readonly jobId: string }) =>
    void started.push(...(await db.transaction((transaction) => startRounds(db, transaction, jobId))))
  const { failed } = await eachSchedule(db, dependants, () => 'DEPENDENCY', start, told)
  if (failed === 0) await markHandled(db, eventId)
  return started
}

async function startRounds(db: Database, transaction: Transaction, jobId: string): Promise<readonly Triggered[]> {
  const job = await lockJob(db, transaction, jobId)
  const row = await db.tables.jobSchedule.findOne({ where: { jobId, scheduleType: 'DEPENDENCY' }, transaction })
  if (job.isDeleted || row === null) return []
  const schedule = wholeOf(row)
  const rule = ruleOf(schedule)
  const facts = await unclaimedOf(db, schedule, transaction)
  if (!schedule.isEnabled) {
    const eventIds = facts.map((fact) => fact.eventId)
    await claim(db, transaction, { jobId, eventIds, executionId: null, message: PAUSED })
    const newestMs = Math.max(...facts.map((fact) => fact.logicalTimeMs))
    if (facts.length > 0) await skip(db, transaction, schedule, new Date(newestMs), PAUSED)
    return []
  }
  const started: Triggered[] = []
  for (const { key, eventIds, logicalTimeMs, isScheduledTime } of roundsOf(rule, facts)) {
    const triggered = await startBySchedule(db, transaction, job, schedule, {
      triggerType: 'DEPENDENCY',
      key: `dependency/${jobId}/${key}`,
      logicalTime: new Date(logicalTimeMs),
      isScheduledTime,
    })
    await claim(db, transaction, { ...triggered, eventIds })
    if (triggered.executionId === null)
      await skip(db, transaction, schedule, new Date(logicalTimeMs), triggered.message)
    started.push(triggered)
  }
  return started
}

export function ruleOf({ dependencyJobIds, dependencyConfig }: JobScheduleRow): DependencyRule {
  const { require, status, withinMs } = dependencyConfig as unknown as Omit<DependencyRule, 'jobIds'>
  return { jobIds: dependencyJobIds ?? [], require, status, withinMs }
}

/** Ends that it may still make use of. */
export async function unclaimedOf(db: Database, schedule: JobScheduleRow, transaction?: Transaction) {
  return await unclaimedEnds(db, schedule, horizonMs(ruleOf(schedule)), transaction)
}

const DAY_MS = 86_400_000

/** Ends that are older are not waited for any more. */
function horizonMs({ withinMs }: DependencyRule): number {
  return Math.max(withinMs ?? 0, 30 * DAY_MS) + DAY_MS
}
