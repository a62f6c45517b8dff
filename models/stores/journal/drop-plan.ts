/** Giving up a pending plan (I1): its number stays used, its input is planned anew. */
import type { Owner } from '../../../core/execution/effects.js'
import { isTerminal } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import { addEvents } from './events.js'
import { fenced, lockGeneration, lockOwned } from './ownership.js'
import { checkpointRow } from './plans.js'

export async function raiseAttempt(db: Database, owner: Owner): Promise<Owner> {
  const { executionId } = owner
  return await db.transaction(async (transaction) => {
    const execution = await lockGeneration(db, transaction, owner)
    const attempt = owner.attempt + 1
    if (isTerminal(execution.executionStatus)) throw fenced(owner)
    if (execution.attempt === attempt) return { ...owner, attempt }
    if (execution.attempt !== owner.attempt) throw fenced(owner)
    await db.tables.jobExecution.update({ attempt, progress: null }, { where: { executionId }, transaction })
    return { ...owner, attempt }
  })
}

/** Decided once for an owner: a late one that was asked before must not drop what has been at work since. */
export async function settlePlan(db: Database, owner: Owner, epoch: number, isShown: boolean): Promise<boolean> {
  return await db.transaction(async (transaction) => {
    const execution = await lockOwned(db, transaction, owner)
    const row = await checkpointRow(db, execution.lineageId, epoch, transaction)
    if (row === null || row.checkpointStatus === 'DROPPED') return true
    if (row.checkpointStatus === 'COMPLETED') return false
    const { checkpointId } = row
    const { generation, attempt } = owner
    const isSettled = row.generation === generation && row.attempt === attempt
    if (isSettled) return false
    const change = isShown ? { generation, attempt } : { generation, attempt, checkpointStatus: 'DROPPED' as const }
    await db.tables.checkpoint.update(change, { where: { checkpointId }, transaction })
    if (!isShown) await addEvents(db, { ...execution, epoch }, [droppedEvent(epoch)], transaction)
    return !isShown
  })
}

function droppedEvent(epoch: number) {
  const message = `Epoch ${epoch} is given up: no sink shows anything of it, and its input is planned anew.`
  return { type: 'PLAN_DROPPED', level: 'INFO', message } as const
}
