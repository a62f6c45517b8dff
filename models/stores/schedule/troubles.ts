/** What of a schedule cannot be done: noted once, shown with it, tried again, and forgotten once it goes well. */
import type { Transaction } from 'sequelize'
import { reportError } from '../../../core/errors/job-error.js'
import type { Database } from '../../database.js'
import type { JobScheduleRow } from '../../tables/jobs.js'
import type { ScheduleTroubleRow } from '../../tables/schedules.js'

export interface Trouble {
  readonly scheduleId: string
  /** HELD, CATCH_UP, DEPENDENCY, EVENT, or BACKFILL with its id. */
  readonly trouble: string
  readonly code: string
  readonly message: string
}

/** Of trouble that was not there before, for the log. */
export type Told = (trouble: Trouble) => void

/** Then nothing goes, and it is no fault of one of them (I7). */
const AWAY: readonly string[] = ['mysql.away', 'temporal.away']

/** One that fails holds up no other. */
export async function eachSchedule<R extends Pick<JobScheduleRow, 'scheduleId'>>(
  db: Database,
  rows: readonly R[],
  troubleOf: (row: R) => string,
  work: (row: R) => Promise<void>,
  told: Told,
): Promise<{ readonly failed: number }> {
  const known = await knownAmong(
    db,
    rows.map(({ scheduleId }) => scheduleId),
  )
  let failed = 0
  for (const row of rows) {
    const { scheduleId } = row
    const trouble = troubleOf(row)
    const before = known.find((one) => one.scheduleId === scheduleId && one.trouble === trouble)
    try {
      await work(row)
      if (before !== undefined) await db.tables.scheduleTrouble.destroy({ where: { scheduleId, trouble } })
    } catch (error) {
      const { code, message } = reportError(error)
      if (AWAY.includes(code)) throw error
      failed += 1
      if (before?.message === message.slice(0, LONGEST)) continue
      await note(db, { scheduleId, trouble, message: message.slice(0, LONGEST) })
      told({ scheduleId, trouble, code, message })
    }
  }
  return { failed }
}

const LONGEST = 1024

/** What was wrong with it as it was says nothing of it as it is. */
export async function forgetTroubles(db: Database, transaction: Transaction, jobId: string): Promise<void> {
  await db.execute(
    `DELETE FROM etl_schedule_trouble
      WHERE schedule_id IN (SELECT schedule_id FROM etl_job_schedule WHERE job_id = :jobId)`,
    { jobId },
    transaction,
  )
}

export async function knownAmong(db: Database, scheduleIds: readonly string[]): Promise<readonly ScheduleTroubleRow[]> {
  if (scheduleIds.length === 0) return []
  // There are few of them, and mostly none.
  const where = scheduleIds.length > 100 ? {} : { scheduleId: [...scheduleIds] }
  return (await db.tables.scheduleTrouble.findAll({ where, order: [['id', 'ASC']] })).map((row) => row.get())
}

/** Several may note it at once. */
async function note(
  db: Database,
  values: Pick<ScheduleTroubleRow, 'scheduleId' | 'trouble' | 'message'>,
): Promise<void> {
  await db.execute(
    `INSERT INTO etl_schedule_trouble (schedule_id, trouble, message) VALUES (:scheduleId, :trouble, :message)
     ON DUPLICATE KEY UPDATE message = VALUES(message)`,
    values,
  )
}
