/** `etl_job.job_status` mirrors the newest execution of the job (SURFACES section 3). */
import type { Transaction } from 'sequelize'
import type { ExecutionStatus } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import type { JobStatus } from '../../tables/jobs.js'

/** The job row must be locked already. */
export async function mirrorStatus(
  db: Database,
  transaction: Transaction,
  execution: { readonly jobId: string; readonly executionId: string },
  status: ExecutionStatus,
): Promise<void> {
  const { jobId, executionId } = execution
  await db.tables.job.update(
    { jobStatus: jobStatusOf(status) },
    { where: { jobId, latestExecutionId: executionId }, transaction },
  )
}

export function jobStatusOf(status: ExecutionStatus): JobStatus {
  switch (status) {
    case 'CREATED':
    case 'WAITING':
      return 'SCHEDULED'
    case 'RUNNING':
    case 'PAUSED':
    case 'RESTARTING':
      return 'RUNNING'
    default:
      return status
  }
}
