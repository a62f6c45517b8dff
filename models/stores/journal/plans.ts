/** Plans: durable before any of an epoch runs, and never changed (I1). */
import { randomUUID } from 'node:crypto'
import { Op, type Transaction } from 'sequelize'
import type { Owner } from '../../../core/execution/effects.js'
import type { StoredCheckpoint } from '../../../core/execution/journal.js'
import type { Plan } from '../../../core/execution/plan.js'
import type { Database } from '../../database.js'
import type { CheckpointRow } from '../../tables/checkpoints.js'
import type { JobExecutionRow } from '../../tables/executions.js'
import { lockOwned, originOf } from './ownership.js'

export async function storePlan(db: Database, owner: Owner, plan: Plan): Promise<Plan> {
  return await db.transaction(async (transaction) => {
    const execution = await lockOwned(db, transaction, owner)
    await noteRunning(db, transaction, execution)
    return await insertPlan(db, transaction, execution, plan)
  })
}

/** The first plan of an epoch is the plan. The lineage must be locked. */
export async function insertPlan(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  plan: Plan,
): Promise<Plan> {
  const stored = await checkpointRow(db, execution.lineageId, plan.epoch, transaction)
  if (stored !== null) return stored.plan
  await db.tables.checkpoint.create(
    {
      checkpointId: randomUUID(),
      jobId: execution.jobId,
      executionId: execution.executionId,
      lineageId: execution.lineageId,
      epoch: plan.epoch,
      phase: plan.phase,
      checkpointType: 'PERIODIC',
      checkpointStatus: 'IN_PROGRESS',
      jobVersion: execution.jobVersion,
      generation: execution.generation,
      attempt: execution.attempt,
      plan,
      triggerTime: new Date(),
    },
    { transaction },
  )
  return plan
}

/** A restarted execution is running again as soon as it does something. */
export async function noteRunning(db: Database, transaction: Transaction, execution: JobExecutionRow): Promise<void> {
  if (execution.executionStatus !== 'RESTARTING') return
  const { executionId } = execution
  await db.tables.jobExecution.update({ executionStatus: 'RUNNING' }, { where: { executionId }, transaction })
}

export async function checkpointOf(db: Database, executionId: string, epoch: number): Promise<StoredCheckpoint | null> {
  const { lineageId } = await originOf(db, executionId)
  const row = await checkpointRow(db, lineageId, epoch)
  if (row === null) return null
  return { checkpointId: row.checkpointId, epoch, status: row.checkpointStatus, plan: row.plan, next: row.nextStep }
}

export async function pendingPlan(db: Database, executionId: string): Promise<Plan | null> {
  const { lineageId } = await originOf(db, executionId)
  const row = await db.tables.checkpoint.findOne({
    where: { lineageId, checkpointType: 'PERIODIC', checkpointStatus: { [Op.ne]: 'COMPLETED' } },
    order: [['epoch', 'DESC']],
  })
  return row?.get().plan ?? null
}

export async function checkpointRow(
  db: Database,
  lineageId: string,
  epoch: number,
  transaction?: Transaction,
): Promise<CheckpointRow | null> {
  const row = await db.tables.checkpoint.findOne({
    where: { lineageId, epoch, checkpointType: 'PERIODIC' },
    ...(transaction === undefined ? {} : { transaction }),
  })
  return row?.get() ?? null
}
