/** A FAILED execution is tried again by a new one in its lineage, once its time has come. Several may look at once. */
import { Op, type Transaction } from 'sequelize'
import { isJobError, JobError } from '../../../core/errors/job-error.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow } from '../../tables/executions.js'
import { createWithin } from '../execution/create-execution.js'
import { addEvents } from '../journal/events.js'
import { findExecution, lockExecution, lockJob } from '../journal/ownership.js'
import { eachDue, type Failed } from './each-in-turn.js'
import type { Triggered } from './start-by-schedule.js'

export async function startDueRetries(db: Database, now: Date, failed: Failed): Promise<readonly Triggered[]> {
  const started: Triggered[] = []
  const work = async (executionId: string) => {
    const triggered = await retry(db, executionId)
    if (triggered !== null) started.push(triggered)
  }
  await eachDue(db, { retryDueTime: { [Op.lte]: now } }, work, failed)
  return started
}

async function retry(db: Database, executionId: string): Promise<Triggered | null> {
  const { jobId } = await findExecution(db, executionId)
  return await db.transaction(async (transaction) => {
    await lockJob(db, transaction, jobId)
    const failed = await lockExecution(db, transaction, executionId)
    if (failed.retryDueTime === null) return null
    const settled = { retryDueTime: null, slaDueTime: null }
    try {
      await refuseOvertaken(db, transaction, failed)
      const retryNumber = failed.retryNumber + 1
      const { parameters, logicalTime, priority, createdBy } = failed
      const made = await createWithin(db, transaction, {
        jobId,
        parameters,
        logicalTime,
        priority,
        createdBy,
        retryNumber,
        triggerType: 'RETRY',
        triggerKey: `retry/${executionId}`,
        restartOf: executionId,
        afterIt: false,
      })
      await db.tables.jobExecution.update(settled, { where: { executionId }, transaction })
      const message = `Retry ${retryNumber} goes on from here: execution ${made.executionId}.`
      const details = { executionId: made.executionId }
      await addEvents(db, failed, [{ type: 'RETRIED', level: 'INFO', message, details }], transaction)
      return {
        jobId,
        executionId: made.executionId,
        message: null,
        triggerType: 'RETRY',
        isToStart: true,
        toCancel: [],
      }
    } catch (error) {
      if (!isJobError(error) || (error.code !== 'conflict' && error.code !== 'not.found')) throw error
      await db.tables.jobExecution.update(settled, { where: { executionId }, transaction })
      const message = `It is not tried again: ${error.message}`
      await addEvents(db, failed, [{ type: 'RETRY_DROPPED', level: 'WARNING', message }], transaction)
      return null
    }
  })
}

/** Somebody has restarted it by hand meanwhile, or a later run has gone on from it: its end is what counts. */
async function refuseOvertaken(
  db: Database,
  transaction: Transaction,
  { lineageId, id }: JobExecutionRow,
): Promise<void> {
  const later = await db.tables.jobExecution.count({ where: { lineageId, id: { [Op.gt]: id } }, transaction })
  if (later > 0) throw new JobError('conflict', 'Another execution has gone on from it.')
}
