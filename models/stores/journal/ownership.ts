/** Who may advance a lineage (I3). Locks are taken in one order everywhere: job, lineage, execution. */
import type { Transaction } from 'sequelize'
import { allOf } from '../../../core/all-of.js'
import { JobError } from '../../../core/errors/job-error.js'
import type { Owner } from '../../../core/execution/effects.js'
import { isTerminal } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow, LineageRow } from '../../tables/executions.js'
import type { JobRow } from '../../tables/jobs.js'

export async function findExecution(db: Database, executionId: string): Promise<JobExecutionRow> {
  const row = await db.tables.jobExecution.findOne({ where: { executionId } })
  return found(row?.get(), 'execution', executionId)
}

/** What an execution was made with, and never changes: asked for by every step, so remembered. */
export type Origin = Pick<JobExecutionRow, 'jobId' | 'jobVersion' | 'lineageId' | 'replay'>

const origins = new WeakMap<Database, Map<string, Origin>>()
const mostOrigins = 1000

export async function originOf(db: Database, executionId: string): Promise<Origin> {
  const known = origins.get(db) ?? new Map<string, Origin>()
  origins.set(db, known)
  const remembered = known.get(executionId)
  if (remembered !== undefined) return remembered
  const { jobId, jobVersion, lineageId, replay } = await findExecution(db, executionId)
  const origin = { jobId, jobVersion, lineageId, replay }
  if (known.size >= mostOrigins) known.clear()
  known.set(executionId, origin)
  return origin
}

export async function lockJob(db: Database, transaction: Transaction, jobId: string): Promise<JobRow> {
  const row = await db.tables.job.findOne({ where: { jobId }, transaction, lock: transaction.LOCK.UPDATE })
  return found(row?.get(), 'job', jobId)
}

export async function lockLineage(db: Database, transaction: Transaction, lineageId: string): Promise<LineageRow> {
  const row = await db.tables.lineage.findOne({ where: { lineageId }, transaction, lock: transaction.LOCK.UPDATE })
  return found(row?.get(), 'lineage', lineageId)
}

export async function lockExecution(
  db: Database,
  transaction: Transaction,
  executionId: string,
): Promise<JobExecutionRow> {
  const row = await db.tables.jobExecution.findOne({
    where: { executionId },
    transaction,
    lock: transaction.LOCK.UPDATE,
  })
  return found(row?.get(), 'execution', executionId)
}

/** Locks lineage and execution, and refuses an owner that a newer one has replaced. */
export async function lockOwned(db: Database, transaction: Transaction, owner: Owner): Promise<JobExecutionRow> {
  const execution = await lockGeneration(db, transaction, owner)
  if (execution.attempt !== owner.attempt || isTerminal(execution.executionStatus)) throw fenced(owner)
  return execution
}

/** The same for any attempt of the owner's generation: for answers that were given before. */
export async function lockGeneration(db: Database, transaction: Transaction, owner: Owner): Promise<JobExecutionRow> {
  const { lineageId } = await originOf(db, owner.executionId)
  // Sent in this order.
  const [lineage, execution] = await allOf([
    lockLineage(db, transaction, lineageId),
    lockExecution(db, transaction, owner.executionId),
  ])
  const owns = lineage.ownerExecutionId === owner.executionId && lineage.generation === owner.generation
  if (!owns || execution.generation !== owner.generation) throw fenced(owner)
  return execution
}

export function fenced(owner: Owner): JobError {
  return new JobError(
    'fenced',
    `Execution ${owner.executionId} does not own its lineage any more: a newer attempt has taken over.`,
  )
}

function found<T>(row: T | undefined, what: string, id: string): T {
  if (row === undefined) throw new JobError('not.found', `There is no ${what} ${id}.`)
  return row
}
