/** Which executions may run: a set that is counted under the job's lock, and an owner for each lineage. */
import type { Transaction } from 'sequelize'
import { allOf } from '../../../core/all-of.js'
import { JobError } from '../../../core/errors/job-error.js'
import type { Admission, WorkflowReference } from '../../../core/execution/journal.js'
import { isTerminal, LIVE } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow } from '../../tables/executions.js'
import { addEvents } from './events.js'
import type { JobVersions } from './job-versions.js'
import { mirrorStatus } from './mirror.js'
import { lockExecution, lockJob, lockLineage, originOf } from './ownership.js'
import { reasonToWait } from './queue.js'
import { newestOf, nothingYet, standingOf } from './standing.js'
import { lockSystem } from './system-limit.js'
import { begin, takeLineage } from './take-lineage.js'

export async function admit(
  db: Database,
  versions: JobVersions,
  executionId: string,
  workflow: WorkflowReference | null,
): Promise<Admission> {
  const { jobId, lineageId } = await originOf(db, executionId)
  const decided = await db.transaction(async (transaction) => {
    const limit = await lockSystem(db, transaction)
    const [job, lineage, execution] = await allOf([
      lockJob(db, transaction, jobId),
      lockLineage(db, transaction, lineageId),
      lockExecution(db, transaction, executionId),
    ])
    refuseEnded(execution)
    const isFirst = execution.startTime === null
    const begun = { ...workflow, startTime: execution.startTime ?? new Date() }
    if (LIVE.includes(execution.executionStatus))
      return { taken: await begin(db, transaction, execution, begun), isFirst }
    const reason = await reasonToWait(db, execution, { ofJob: job.maxConcurrentRuns, ofSystem: limit }, transaction)
    if (reason !== null) return await wait(db, transaction, execution, workflow, reason)
    return { taken: await takeLineage(db, transaction, execution, lineage, begun), isFirst }
  })
  if (typeof decided === 'string') return { kind: 'waiting', reason: decided }
  const { taken, isFirst } = decided
  const { generation, attempt } = taken
  // From now on nobody else changes what is read here; the first owner of a lineage, asked for the first time, finds nothing.
  const newest = isFirst && generation === 1 ? nothingYet : await newestOf(db, lineageId)
  const standing = await standingOf(db, versions, taken, newest)
  return { kind: 'admitted', owner: { executionId, generation, attempt }, standing }
}

function refuseEnded(execution: JobExecutionRow): void {
  if (execution.cancelRequested && !LIVE.includes(execution.executionStatus))
    throw new JobError('cancelled', 'The execution was cancelled before it began.')
  if (isTerminal(execution.executionStatus))
    throw new JobError('fenced', `Execution ${execution.executionId} has ended as ${execution.executionStatus}.`)
}

async function wait(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  workflow: WorkflowReference | null,
  reason: string,
): Promise<string> {
  const { executionId } = execution
  await db.tables.jobExecution.update(
    { ...workflow, executionStatus: 'WAITING', waitReason: reason.slice(0, LONGEST_REASON) },
    { where: { executionId }, transaction },
  )
  if (execution.executionStatus === 'WAITING') return reason
  await mirrorStatus(db, transaction, execution, 'WAITING')
  await addEvents(db, execution, [{ type: 'WAITING', level: 'INFO', message: reason }], transaction)
  return reason
}

const LONGEST_REASON = 512
