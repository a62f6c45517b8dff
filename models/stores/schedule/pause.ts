/** People pause a schedule, let it go on, and start its job out of turn. */
import type { Transaction } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import { firstFire } from '../../../core/schedule/fires.js'
import type { Database } from '../../database.js'
import type { JobRow } from '../../tables/jobs.js'
import { lockJob } from '../journal/ownership.js'
import { startBySchedule, type Triggered } from '../trigger/start-by-schedule.js'
import { calendarOf } from './calendar-of.js'
import { lockStored } from './fire.js'
import { readable, type StoredSchedule, wholeOf } from './readable.js'
import { noSchedule } from './schedules.js'
import { forgetTroubles } from './troubles.js'

export interface Asked {
  readonly userId: string | null
  readonly username?: string
  /** What the change is based on. */
  readonly version?: number
}

/**
 * Going on, it makes up for what passed meanwhile as `catchUp` says; with NONE it counts from now. Asked again: nothing
 * changes.
 */
export async function setEnabled(db: Database, scheduleId: string, isEnabled: boolean, asked: Asked): Promise<void> {
  await withSchedule(db, scheduleId, async (transaction, job, stored) => {
    const schedule = readable(stored).row
    refuseStale(schedule, asked.version)
    if (schedule.isEnabled === isEnabled) return
    await forgetTroubles(db, transaction, job.jobId)
    const isNew = schedule.nextFireTime === null || schedule.catchUp === 'NONE'
    const nextFireTime = isEnabled && isNew ? firstFire(calendarOf(schedule), Date.now()) : schedule.nextFireTime
    const change = { isEnabled, nextFireTime, updatedBy: asked.userId, version: schedule.version + 1 }
    await db.tables.jobSchedule.update(change, { where: { scheduleId }, transaction })
  })
}

/** Now, with the parameters of the schedule; its calendar goes on as it was. Asked again with the same id: the same execution. */
export async function triggerNow(db: Database, scheduleId: string, id: string, asked: Asked): Promise<Triggered> {
  return await withSchedule(db, scheduleId, async (transaction, job, stored) => {
    const triggered = await startBySchedule(db, transaction, job, wholeOf(stored), {
      triggerType: 'MANUAL',
      key: `${scheduleId}!${id}`,
      logicalTime: new Date(),
      isScheduledTime: false,
      createdBy: asked.userId,
      ...(asked.username === undefined ? {} : { asked: asked.username }),
    })
    if (triggered.executionId === null)
      throw new JobError('conflict', triggered.message ?? 'It was left out.', {
        hint: 'Wait until what runs has ended, or cancel it; with `overlap: WAIT` it would stand in line.',
      })
    return triggered
  })
}

export async function withSchedule<T>(
  db: Database,
  scheduleId: string,
  work: (transaction: Transaction, job: JobRow, stored: StoredSchedule) => Promise<T>,
): Promise<T> {
  const known = await db.tables.jobSchedule.findOne({ attributes: ['jobId'], where: { scheduleId } })
  if (known === null) throw noSchedule(scheduleId)
  return await db.transaction(async (transaction) => {
    const job = await lockJob(db, transaction, known.get().jobId)
    const stored = await lockStored(db, transaction, scheduleId)
    if (stored === null || job.isDeleted) throw noSchedule(scheduleId)
    return await work(transaction, job, stored)
  })
}

export function refuseStale({ version }: { readonly version: number }, expected: number | undefined): void {
  if (expected === undefined || expected === version) return
  throw new JobError('conflict', `The schedule was changed in the meantime: it is at version ${version}.`, {
    pointer: '/version',
    hint: 'Read it again and repeat the change.',
  })
}
