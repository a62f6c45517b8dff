/** Executions that should have ended by now, whether they run or wait: said once each, in the timeline, where alerts look. */
import { Op } from 'sequelize'
import type { ExecutionEvent } from '../../../core/execution/journal.js'
import { isTerminal } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import { slaMissed } from '../journal/ending.js'
import { addEvents } from '../journal/events.js'
import { lockExecution } from '../journal/ownership.js'
import { eachDue, type Failed } from './each-in-turn.js'

/** Answers how many. */
export async function tellMissedSlas(db: Database, now: Date, failed: Failed): Promise<number> {
  let told = 0
  const due = { slaDueTime: { [Op.lt]: now }, executionStatus: { [Op.notIn]: ['COMPLETED', 'FAILED', 'CANCELLED'] } }
  const work = async (executionId: string) => {
    const event = await db.transaction(async (transaction): Promise<ExecutionEvent | null> => {
      const execution = await lockExecution(db, transaction, executionId)
      if (execution.slaDueTime === null || isTerminal(execution.executionStatus)) return null
      const missed = slaMissed(execution, execution.slaDueTime)
      await db.tables.jobExecution.update({ slaDueTime: null }, { where: { executionId }, transaction })
      await addEvents(db, execution, [missed], transaction)
      return missed
    })
    if (event !== null) told += 1
  }
  await eachDue(db, due, work, failed)
  return told
}
