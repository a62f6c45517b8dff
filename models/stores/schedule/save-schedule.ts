/** The schedule of a job as its spec has it: one row, made, changed and removed in the transaction that saves the job. */
import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import type { Transaction } from 'sequelize'
import { firstFire } from '../../../core/schedule/fires.js'
import { readSchedule } from '../../../core/schedule/read-schedule.js'
import type { Schedule } from '../../../core/schedule/schedule.js'
import type { JobSettings } from '../../../core/spec/settings.js'
import type { Database } from '../../database.js'
import type { JobScheduleRow } from '../../tables/jobs.js'
import { lockJob } from '../journal/ownership.js'
import { startBySchedule, type Triggered } from '../trigger/start-by-schedule.js'
import { resolveDependency } from './dependency.js'
import { readable } from './readable.js'
import { forgetTroubles } from './troubles.js'

export interface ScheduledJob {
  readonly jobId: string
  readonly spec: object
  /** What the job was before; null: it is new. */
  readonly specBefore: object | null
  readonly settings: Pick<JobSettings, 'name' | 'overlap' | 'priority' | 'maxConcurrentRuns'>
  readonly savedBy: string | null
}

/**
 * The job row must be locked, or new. Its id stays as long as the job has a schedule, whatever its type. Answers the
 * execution that IMMEDIATE starts; null: none.
 */
export async function saveSchedule(
  db: Database,
  transaction: Transaction,
  job: ScheduledJob,
): Promise<Triggered | null> {
  const saved = await saveRow(db, transaction, job)
  const isWaiting = saved?.isEnabled === true
  // Of one that has never run.
  await db.tables.job.update(
    { jobStatus: isWaiting ? 'SCHEDULED' : 'CREATED' },
    { where: { jobId: job.jobId, latestExecutionId: null }, transaction },
  )
  if (saved === null || !saved.isChanged || !isWaiting || saved.type !== 'IMMEDIATE') return null
  return await startAtOnce(db, transaction, job.jobId)
}

interface SavedSchedule {
  readonly type: Schedule['type']
  readonly isEnabled: boolean
  readonly isChanged: boolean
}

async function startAtOnce(db: Database, transaction: Transaction, jobId: string): Promise<Triggered | null> {
  const schedule = (await db.tables.jobSchedule.findOne({ where: { jobId }, transaction }))?.get()
  if (schedule === undefined) return null
  return await startBySchedule(db, transaction, await lockJob(db, transaction, jobId), schedule, {
    triggerType: 'IMMEDIATE',
    key: `${schedule.scheduleId}@${schedule.version}`,
    logicalTime: new Date(),
    isScheduledTime: false,
  })
}

async function saveRow(db: Database, transaction: Transaction, job: ScheduledJob): Promise<SavedSchedule | null> {
  const { jobId, savedBy } = job
  const schedule = readSchedule(job.spec)
  if (schedule === null) {
    await forgetTroubles(db, transaction, jobId)
    await db.tables.jobSchedule.destroy({ where: { jobId }, transaction })
    return null
  }
  const upstream = await resolveDependency(db, transaction, job, schedule)
  const definition = definitionOf(schedule, upstream)
  const wanted = { ...definition, ...settingsOf(job) }
  const row = await db.tables.jobSchedule.findOne({ where: { jobId }, transaction, lock: transaction.LOCK.UPDATE })
  const now = new Date()
  if (row === null) {
    const { isEnabled } = schedule
    const nextFireTime = isEnabled ? firstFire(schedule, now.getTime()) : null
    const made = { scheduleId: randomUUID(), jobId, isEnabled, nextFireTime, createdBy: savedBy, updatedBy: savedBy }
    await db.tables.jobSchedule.create({ ...wanted, ...made }, { transaction })
    return { type: schedule.type, isEnabled, isChanged: true }
  }
  const { row: known, unreadable } = readable(row)
  const isEnabled = staysEnabled(known, schedule, job)
  const isSaid = (columns: object) =>
    Object.entries(columns).every(([key, value]) =>
      isDeepStrictEqual(known[key as keyof JobScheduleRow] ?? null, value ?? null),
    )
  const isChanged = isEnabled !== known.isEnabled || !isSaid(definition)
  if (!isChanged && isSaid(wanted) && unreadable.length === 0) return { type: schedule.type, isEnabled, isChanged }
  await forgetTroubles(db, transaction, jobId)
  // What was missed belongs to the schedule as it was: the new one counts from now.
  const anew = isEnabled ? firstFire(schedule, now.getTime()) : null
  const nextFireTime = isChanged ? anew : known.nextFireTime
  const change = { ...wanted, isEnabled, nextFireTime, updatedBy: savedBy, version: known.version + 1, updateTime: now }
  await db.tables.jobSchedule.update(change, { where: { jobId }, transaction })
  return { type: schedule.type, isEnabled, isChanged }
}

function definitionOf(schedule: Schedule, upstream: readonly string[] | null) {
  const { dependency, event, parameters, catchUp } = schedule
  const { on: _names, ...dependencyConfig } = dependency ?? { on: [] }
  return {
    scheduleType: schedule.type,
    cronExpression: schedule.cron,
    timezone: schedule.timezone,
    dependencyJobIds: upstream,
    dependencyConfig: dependency === null ? null : dependencyConfig,
    eventType: event?.type ?? null,
    eventFilter: event?.where ?? null,
    parameters,
    catchUp: catchUp.mode,
    catchUpMax: catchUp.max,
    jitterMs: schedule.jitterMs,
    startTime: schedule.startAt === null ? null : new Date(schedule.startAt),
    endTime: schedule.endAt === null ? null : new Date(schedule.endAt),
  }
}

function settingsOf({ settings: { overlap, priority, maxConcurrentRuns } }: ScheduledJob) {
  return { overlapPolicy: overlap, priority, maxConcurrentRuns }
}

/** One that a person paused stays so while the job is saved with other changes; `enabled` counts where it is changed. */
function staysEnabled(known: JobScheduleRow, schedule: Schedule, { specBefore }: ScheduledJob): boolean {
  const before = specBefore === null ? null : readSchedule(specBefore)
  return before?.isEnabled === schedule.isEnabled ? known.isEnabled : schedule.isEnabled
}
