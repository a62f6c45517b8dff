/** A savepoint: a second checkpoint for the newest complete epoch, which thinning out the periodic ones never touches. */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'sequelize'
import type { Owner } from '../../../core/execution/effects.js'
import type { Database } from '../../database.js'
import type { CheckpointRow } from '../../tables/checkpoints.js'
import type { JobExecutionRow } from '../../tables/executions.js'
import { addEvents, asAsked } from './events.js'
import { lockOwned } from './ownership.js'

/** Under the lock of the lineage: nothing is thinned out meanwhile, and the newest stays the newest. */
export async function takeSavepoint(db: Database, owner: Owner, by: string | null): Promise<string | null> {
  return await db.transaction(async (transaction) => {
    const execution = await lockOwned(db, transaction, owner)
    const { lineageId } = execution
    const newest = await db.tables.checkpoint.findOne({
      where: { lineageId, checkpointType: 'PERIODIC', checkpointStatus: 'COMPLETED' },
      order: [['epoch', 'DESC']],
      transaction,
    })
    if (newest === null) return null
    const { epoch } = newest.get()
    const before = await db.tables.checkpoint.findOne({
      where: { lineageId, epoch, checkpointType: 'SAVEPOINT' },
      transaction,
    })
    if (before !== null) return before.get().checkpointId
    return await copyOf(db, transaction, execution, newest.get(), by)
  })
}

/** Its states point to the same files, which never change (I5). */
async function copyOf(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  newest: CheckpointRow,
  by: string | null,
): Promise<string> {
  const checkpointId = randomUUID()
  const now = new Date()
  const { id: _id, createTime: _created, updateTime: _updated, ...same } = newest
  const { executionId } = execution
  await db.tables.checkpoint.create(
    {
      ...same,
      checkpointId,
      executionId,
      checkpointType: 'SAVEPOINT',
      triggerTime: now,
      completeTime: now,
      durationMs: 0,
      failureCount: 0,
    },
    { transaction },
  )
  const states = await db.tables.operatorState.findAll({
    where: { checkpointId: newest.checkpointId },
    order: [['id', 'ASC']],
    transaction,
  })
  const copies = states.map((state) => {
    const { id: _stateRow, createTime: _stateCreated, ...kept } = state.get()
    return { ...kept, stateId: randomUUID(), checkpointId, executionId }
  })
  await db.tables.operatorState.bulkCreate(copies, { transaction })
  const message = `Epoch ${newest.epoch} is kept as savepoint ${checkpointId}${asAsked(by)}.`
  const event = { type: 'SAVEPOINT_COMPLETED', level: 'INFO', message, details: { checkpointId, by } } as const
  await addEvents(db, { ...execution, epoch: newest.epoch }, [event], transaction)
  return checkpointId
}
