/** What can be cancelled: executions that have not ended, and failed ones that are to be tried again. */
import { Op } from 'sequelize'
import { type ExecutionStatus, UNFINISHED } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'

export interface Cancellable {
  readonly executionId: string
  readonly jobId: string
  readonly jobName: string
  readonly status: ExecutionStatus
}

export interface CancelFilter {
  readonly jobId?: string | undefined
  readonly status?: ExecutionStatus | undefined
}

/** Oldest first; without those that are being cancelled. */
export async function cancellableExecutions(db: Database, filter: CancelFilter): Promise<readonly Cancellable[]> {
  const rows = await db.tables.jobExecution.findAll({
    attributes: ['executionId', 'jobId', 'jobName', 'executionStatus'],
    where: {
      [Op.or]: [
        { executionStatus: { [Op.in]: [...UNFINISHED] }, cancelRequested: false },
        { retryDueTime: { [Op.ne]: null } },
      ],
      ...(filter.jobId === undefined ? {} : { jobId: filter.jobId }),
      ...(filter.status === undefined ? {} : { executionStatus: filter.status }),
    },
    order: [['id', 'ASC']],
  })
  return rows.map((row) => {
    const { executionId, jobId, jobName, executionStatus } = row.get()
    return { executionId, jobId, jobName, status: executionStatus }
  })
}
