/** The end of an execution, its mirror, and who is admitted after it. */
import { allOf } from '../../../core/all-of.js'
import { JobError } from '../../../core/errors/job-error.js'
import type { Outcome, Owner } from '../../../core/execution/effects.js'
import type { ExecutionEvent, Finished } from '../../../core/execution/journal.js'
import { type ExecutionStatus, isTerminal, mayBecome } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import { admitWaiting } from './admit-waiting.js'
import { closeExecution } from './ending.js'
import { addEvents, asAsked } from './events.js'
import { mirrorStatus } from './mirror.js'
import { fenced, lockExecution, lockGeneration, lockJob, lockLineage, originOf } from './ownership.js'
import { giveUpOld } from './retain.js'
import { lockSystem } from './system-limit.js'

export async function finish(db: Database, owner: Owner, outcome: Outcome, retained: number): Promise<Finished> {
  const { jobId, lineageId } = await originOf(db, owner.executionId)
  return await db.transaction(async (transaction) => {
    const ofSystem = await lockSystem(db, transaction)
    const [, lineage, execution] = await allOf([
      lockJob(db, transaction, jobId),
      lockLineage(db, transaction, lineageId),
      lockExecution(db, transaction, owner.executionId),
    ])
    const isLatest = lineage.ownerExecutionId === owner.executionId
    const stored = execution.executionStatus
    const hasEnded = isTerminal(stored)
    if (!hasEnded) {
      // Before admission there is no lineage to own.
      const owns = isLatest && lineage.generation === owner.generation
      if (execution.generation !== owner.generation || (owner.generation > 0 && !owns)) throw fenced(owner)
    }
    const standing = isTerminal(stored) ? stored : outcome.status
    const givesUp = standing === 'COMPLETED' && isLatest
    const [, needed] = await allOf([
      hasEnded ? nothing : closeExecution(db, transaction, execution, outcome),
      givesUp ? giveUpOld(db, transaction, lineageId, retained, true) : nothing,
    ])
    const admitted = await admitWaiting(db, transaction, ofSystem === null ? { jobId } : { ofSystem })
    return { status: standing, admitted, needed }
  })
}

const nothing = Promise.resolve(null)

export async function setStatus(db: Database, owner: Owner, status: ExecutionStatus, by: string | null): Promise<void> {
  const { executionId } = owner
  const { jobId } = await originOf(db, executionId)
  await db.transaction(async (transaction) => {
    await lockJob(db, transaction, jobId)
    const execution = await lockGeneration(db, transaction, owner)
    if (execution.executionStatus === status) return
    if (!mayBecome(execution.executionStatus, status))
      throw new JobError('conflict', `An execution that is ${execution.executionStatus} cannot become ${status}.`)
    await db.tables.jobExecution.update({ executionStatus: status }, { where: { executionId }, transaction })
    await mirrorStatus(db, transaction, execution, status)
    await addEvents(db, execution, pauseEvents(execution.executionStatus, status, by), transaction)
  })
}

function pauseEvents(from: ExecutionStatus, to: ExecutionStatus, by: string | null): readonly ExecutionEvent[] {
  const told = { level: 'INFO', details: { by } } as const
  if (to === 'PAUSED') return [{ ...told, type: 'PAUSED', message: `The execution is paused${asAsked(by)}.` }]
  return from === 'PAUSED' ? [{ ...told, type: 'RESUMED', message: `The execution goes on${asAsked(by)}.` }] : []
}
