/** Checkpoints beyond the retained ones give up their state; their rows stay, marked, for people. */
import { Op, type Transaction } from 'sequelize'
import { type HeldCheckpoint, type Needed, retain } from '../../../core/execution/retention.js'
import type { Database } from '../../database.js'
import { lockJob, lockLineage, originOf } from './ownership.js'

export async function retainCheckpoints(db: Database, executionId: string, retained: number): Promise<Needed> {
  const { jobId, lineageId } = await originOf(db, executionId)
  return await db.transaction(async (transaction) => {
    await lockJob(db, transaction, jobId)
    await lockLineage(db, transaction, lineageId)
    return await giveUpOld(db, transaction, lineageId, retained, false)
  })
}

/**
 * Under the lock of the lineage, and of the job: a fork is accepted under it, and finds its checkpoint whole, or marked.
 * `isOver`: no epoch of this lineage is pending, so that all of the newest one's files but its state may go too.
 */
export async function giveUpOld(
  db: Database,
  transaction: Transaction,
  lineageId: string,
  retained: number,
  isOver: boolean,
): Promise<Needed> {
  const held = await heldBy(db, transaction, lineageId, retained)
  const { kept, discarded, before } = retain(held, retained)
  if (discarded.length > 0) {
    const where = { checkpointId: { [Op.in]: [...discarded] } }
    await db.tables.operatorState.destroy({ where, transaction })
    await db.tables.checkpoint.update({ stateDiscarded: true }, { where, transaction })
  }
  const newest = Math.max(0, ...held.map((one) => one.epoch))
  return { named: await namedBy(db, transaction, kept), before: isOver ? newest + 1 : before }
}

async function heldBy(
  db: Database,
  transaction: Transaction,
  lineageId: string,
  retained: number,
): Promise<readonly HeldCheckpoint[]> {
  const rows = await db.tables.checkpoint.findAll({
    attributes: ['checkpointId', 'epoch', 'checkpointType'],
    where: { lineageId, checkpointStatus: 'COMPLETED', stateDiscarded: false },
    transaction,
  })
  // Where so few are held, all are kept, whatever starts from them.
  const forked = rows.length <= retained ? noForks : await forkedOf(db, transaction, lineageId)
  return rows.map((row) => {
    const { checkpointId, epoch, checkpointType } = row.get()
    return { checkpointId, epoch, type: checkpointType, isForked: forked.has(checkpointId) }
  })
}

const noForks: ReadonlySet<string> = new Set()

/** What forks of the lineage's job start from. */
async function forkedOf(db: Database, transaction: Transaction, lineageId: string): Promise<ReadonlySet<string>> {
  const forks = await db.query<{ checkpointId: string }>(
    `SELECT f.forked_from_checkpoint_id AS checkpointId
       FROM etl_lineage l JOIN etl_lineage f ON f.job_id = l.job_id
      WHERE l.lineage_id = :lineageId AND f.forked_from_checkpoint_id IS NOT NULL`,
    { lineageId },
    transaction,
  )
  return new Set(forks.map((fork) => fork.checkpointId))
}

async function namedBy(
  db: Database,
  transaction: Transaction,
  checkpointIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db.tables.operatorState.findAll({
    attributes: ['statePath'],
    where: { checkpointId: { [Op.in]: [...checkpointIds] }, statePath: { [Op.ne]: null } },
    transaction,
  })
  return new Set(rows.map((row) => row.get().statePath ?? ''))
}
