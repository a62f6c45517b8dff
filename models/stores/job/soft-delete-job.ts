/** A job goes out of sight; what it did stays. */
import { Op } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import { UNFINISHED } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import { lockJob } from '../journal/ownership.js'
import { jobsWaitingFor } from '../schedule/dependency.js'
import { forgetTroubles } from '../schedule/troubles.js'
import { refuseStale } from './save-job.js'

export async function softDeleteJob(db: Database, jobId: string, by: string | null, version?: number): Promise<void> {
  await db.transaction(async (transaction) => {
    const job = await lockJob(db, transaction, jobId)
    if (job.isDeleted) throw new JobError('not.found', `There is no job ${jobId}.`)
    refuseStale(job, version)
    const where = { jobId, executionStatus: { [Op.in]: [...UNFINISHED] } }
    if ((await db.tables.jobExecution.count({ where, transaction })) > 0)
      throw new JobError('conflict', `Job ${job.jobName} has an execution that has not ended.`, {
        hint: 'Cancel it first.',
      })
    const waiting = await jobsWaitingFor(db, transaction, jobId)
    if (waiting.length > 0)
      throw new JobError('conflict', `Job ${job.jobName} is waited for by ${waiting.join(', ')}.`, {
        hint: 'Delete those first, or take it out of their `schedule.on`.',
      })
    await forgetTroubles(db, transaction, jobId)
    await db.tables.jobSchedule.destroy({ where: { jobId }, transaction })
    await db.tables.job.update(
      { isDeleted: true, deletedTime: new Date(), updatedBy: by },
      { where: { jobId }, transaction },
    )
  })
}
