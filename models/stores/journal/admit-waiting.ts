/** Room is given to those that wait for it. */
import type { Transaction } from 'sequelize'
import type { Admitted } from '../../../core/execution/journal.js'
import type { Database } from '../../database.js'
import { lockExecution, lockJob, lockLineage } from './ownership.js'
import { isAnyThere, nextToRun, type Queue, reasonToWait } from './queue.js'
import { takeLineage } from './take-lineage.js'

/**
 * The job, or the system's limit, must be locked. Under that one further jobs are locked in no order; who holds it is the only
 * one that ever waits for a second job, so that none meets another.
 */
export async function admitWaiting(db: Database, transaction: Transaction, queue: Queue): Promise<readonly Admitted[]> {
  if (!(await isAnyThere(db, queue, transaction))) return []
  // Told or not, these have not begun: whoever asks again gets them again, so that a lost signal is repaired.
  const rows = await db.tables.jobExecution.findAll({
    where: { executionStatus: 'RUNNING', startTime: null, ...('jobId' in queue ? queue : {}) },
    transaction,
  })
  const admitted: Admitted[] = rows.map((row) => {
    const { jobId, executionId, workflowId } = row.get()
    return { jobId, executionId, workflowId }
  })
  const passed: string[] = []
  for (;;) {
    const next = await nextToRun(db, queue, passed, transaction)
    if (next === null) return admitted
    const room = 'jobId' in queue ? null : queue.ofSystem
    const workflowId = await admitNext(db, transaction, next, room)
    if (workflowId === undefined) passed.push(next.executionId)
    else admitted.push({ jobId: next.jobId, executionId: next.executionId, workflowId })
  }
}

/** The id of its workflow; undefined: somebody was faster, or it is not to run any more. */
async function admitNext(
  db: Database,
  transaction: Transaction,
  next: NonNullable<Awaited<ReturnType<typeof nextToRun>>>,
  ofSystem: number | null,
): Promise<string | null | undefined> {
  const job = await lockJob(db, transaction, next.jobId)
  const lineage = await lockLineage(db, transaction, next.lineageId)
  const execution = await lockExecution(db, transaction, next.executionId)
  if (execution.executionStatus !== 'WAITING' || execution.cancelRequested) return undefined
  const room = { ofJob: job.maxConcurrentRuns, ofSystem }
  if ((await reasonToWait(db, execution, room, transaction)) !== null) return undefined
  await takeLineage(db, transaction, execution, lineage)
  return execution.workflowId
}
