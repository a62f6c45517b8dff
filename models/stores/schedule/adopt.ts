/** Jobs that were saved with a schedule before schedules were kept: each gets its row. */
import { readSchedule } from '../../../core/schedule/read-schedule.js'
import type { Database } from '../../database.js'
import { lockJob } from '../journal/ownership.js'
import { saveSchedule } from './save-schedule.js'

/** IMMEDIATE had its time when the job was saved. Answers how many. */
export async function adoptSchedules(db: Database): Promise<number> {
  const rows = await db.query<{ jobId: string }>(
    `SELECT j.job_id AS jobId FROM etl_job j LEFT JOIN etl_job_schedule s ON s.job_id = j.job_id
      WHERE s.id IS NULL AND j.is_deleted = 0 AND j.config LIKE '%"schedule"%' ORDER BY j.id`,
  )
  let adopted = 0
  for (const { jobId } of rows) {
    const isAdopted = await db.transaction(async (transaction) => {
      const job = await lockJob(db, transaction, jobId)
      const isThere = (await db.tables.jobSchedule.count({ where: { jobId }, transaction })) > 0
      const schedule = readSchedule(job.config)
      if (isThere || job.isDeleted || schedule === null || schedule.type === 'IMMEDIATE') return false
      const { config: spec, settings, updatedBy: savedBy } = job
      await saveSchedule(db, transaction, { jobId, spec, specBefore: null, settings, savedBy })
      return true
    })
    if (isAdopted) adopted += 1
  }
  return adopted
}
