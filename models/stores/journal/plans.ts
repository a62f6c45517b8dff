/** Plans: durable before any of an epoch runs, and never changed (I1). */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'sequelize'
import type { Owner } from '../../../core/execution/effects.js'
import type { Plan } from '../../../core/execution/plan.js'
import type { Database } from '../../database.js'
import { isDuplicate } from '../../database-error.js'
import type { CheckpointRow } from '../../tables/checkpoints.js'
import type { JobExecutionRow } from '../../tables/executions.js'
import { lockOwned } from './ownership.js'

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
  const { jobId, executionId, lineageId, jobVersion, generation, attempt } = execution
  const { epoch, phase } = plan
  try {
    await db.tables.checkpoint.create(
      {
        checkpointId: randomUUID(),
        jobId,
        executionId,
        lineageId,
        epoch,
        phase,
        checkpointType: 'PERIODIC',
        checkpointStatus: 'IN_PROGRESS',
        jobVersion,
        generation,
        attempt,
        plan,
        triggerTime: new Date(),
      },
      { transaction },
    )
    return plan
  } catch (error) {
    const stored = isDuplicate(error) ? await checkpointRow(db, lineageId, epoch, transaction) : null
    if (stored === null) throw error
    return stored.plan
  }
}

/** A restarted execution is running again as soon as it does something. */
export async function noteRunning(db: Database, transaction: Transaction, execution: JobExecutionRow): Promise<void> {
  if (execution.executionStatus !== 'RESTARTING') return
  const { executionId } = execution
  await db.tables.jobExecution.update({ executionStatus: 'RUNNING' }, { where: { executionId }, transaction })
}

export async function checkpointRow(
  db: Database,
  lineageId: string,
  epoch: number,
  transaction: Transaction,
): Promise<CheckpointRow | null> {
  const row = await db.tables.checkpoint.findOne({
    where: { lineageId, epoch, checkpointType: 'PERIODIC' },
    transaction,
  })
  return row?.get() ?? null
}
