/** What a reconciler compares with Temporal: rows without workflow, and rows that have not ended. */
import { Op, type WhereOptions } from 'sequelize'
import type { Database } from '../../database.js'
import type { UnfinishedExecution } from '../execution-store.js'
import { admitWaiting, UNFINISHED } from '../journal/admission.js'
import { lockJob } from '../journal/ownership.js'

export async function acceptedBefore(db: Database, before: Date): Promise<readonly UnfinishedExecution[]> {
  return await find(db, {
    executionStatus: 'CREATED',
    workflowId: null,
    cancelRequested: false,
    createTime: { [Op.lt]: before },
  })
}

export async function unfinishedExecutions(db: Database): Promise<readonly UnfinishedExecution[]> {
  return await find(db, { executionStatus: { [Op.in]: [...UNFINISHED] } })
}

export async function admitWaitingOf(db: Database, jobId: string): Promise<readonly string[]> {
  return await db.transaction(async (transaction) => {
    await lockJob(db, transaction, jobId)
    return await admitWaiting(db, transaction, jobId)
  })
}

async function find(db: Database, where: WhereOptions): Promise<readonly UnfinishedExecution[]> {
  const rows = await db.tables.jobExecution.findAll({ where, order: [['id', 'ASC']] })
  return rows.map((row) => {
    const { executionId, jobId, executionStatus, workflowId, runId, createTime } = row.get()
    return { executionId, jobId, status: executionStatus, workflowId, runId, createdAt: createTime.toISOString() }
  })
}
