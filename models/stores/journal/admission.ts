/** Which executions may run: a set that is counted under the job's lock, and an owner for each lineage. */
import { Op, type Transaction } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import type { Owner } from '../../../core/execution/effects.js'
import type { WorkflowReference } from '../../../core/execution/journal.js'
import { type ExecutionStatus, isTerminal } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow, LineageRow } from '../../tables/executions.js'
import { addEvents } from './events.js'
import { mirrorStatus } from './mirror.js'
import { lockExecution, lockJob, lockLineage, originOf } from './ownership.js'

export const LIVE: readonly ExecutionStatus[] = ['RUNNING', 'PAUSED', 'RESTARTING']

/** Not ended, whether begun or not. */
export const UNFINISHED: readonly ExecutionStatus[] = ['CREATED', 'WAITING', ...LIVE]

export type Admission =
  | { readonly kind: 'admitted'; readonly owner: Owner }
  | { readonly kind: 'waiting'; readonly reason: string }

export async function admit(db: Database, executionId: string, workflow: WorkflowReference | null): Promise<Admission> {
  const { jobId, lineageId } = await originOf(db, executionId)
  return await db.transaction(async (transaction) => {
    const job = await lockJob(db, transaction, jobId)
    const lineage = await lockLineage(db, transaction, lineageId)
    const execution = await lockExecution(db, transaction, executionId)
    refuseEnded(execution)
    if (workflow !== null) {
      const { workflowId, runId } = workflow
      await db.tables.jobExecution.update({ workflowId, runId }, { where: { executionId }, transaction })
    }
    if (LIVE.includes(execution.executionStatus)) {
      await noteStart(db, transaction, execution)
      return admitted(execution)
    }
    const reason = await reasonToWait(db, transaction, job.maxConcurrentRuns, execution, lineage)
    if (reason !== null) {
      await wait(db, transaction, execution, reason)
      return { kind: 'waiting', reason }
    }
    const taken = await takeLineage(db, transaction, execution, lineage)
    await noteStart(db, transaction, taken)
    return admitted(taken)
  })
}

/** Admits those that wait, larger priority first, as far as there is room. The job row must be locked. */
export async function admitWaiting(db: Database, transaction: Transaction, jobId: string): Promise<readonly string[]> {
  const { maxConcurrentRuns } = await lockJob(db, transaction, jobId)
  const waiting = await db.tables.jobExecution.findAll({
    where: { jobId, executionStatus: 'WAITING', cancelRequested: false },
    order: [
      ['priority', 'DESC'],
      ['id', 'ASC'],
    ],
    transaction,
  })
  for (const row of waiting) {
    const { executionId, lineageId } = row.get()
    const lineage = await lockLineage(db, transaction, lineageId)
    const execution = await lockExecution(db, transaction, executionId)
    if (execution.executionStatus !== 'WAITING') continue
    if ((await reasonToWait(db, transaction, maxConcurrentRuns, execution, lineage)) !== null) continue
    await takeLineage(db, transaction, execution, lineage)
  }
  return await admittedButNotStarted(db, transaction, jobId)
}

/** Told or not, they have not begun: whoever asks again gets them again, so that a lost signal is repaired. */
async function admittedButNotStarted(
  db: Database,
  transaction: Transaction,
  jobId: string,
): Promise<readonly string[]> {
  const rows = await db.tables.jobExecution.findAll({
    where: { jobId, executionStatus: 'RUNNING', startTime: null },
    order: [['id', 'ASC']],
    transaction,
  })
  return rows.map((row) => row.get().executionId)
}

function refuseEnded(execution: JobExecutionRow): void {
  if (execution.cancelRequested && !LIVE.includes(execution.executionStatus))
    throw new JobError('cancelled', 'The execution was cancelled before it began.')
  if (isTerminal(execution.executionStatus))
    throw new JobError('fenced', `Execution ${execution.executionId} has ended as ${execution.executionStatus}.`)
}

/** The set of live executions is counted, not a counter kept: nothing can leak. */
async function reasonToWait(
  db: Database,
  transaction: Transaction,
  maxConcurrentRuns: number,
  execution: JobExecutionRow,
  lineage: LineageRow,
): Promise<string | null> {
  const live = await db.tables.jobExecution.findAll({
    attributes: ['executionId', 'lineageId'],
    where: { jobId: execution.jobId, executionStatus: { [Op.in]: [...LIVE] } },
    transaction,
  })
  if (live.some((row) => row.get().lineageId === lineage.lineageId))
    return 'Another execution of the same lineage is running.'
  if (live.length < maxConcurrentRuns) return null
  return `${live.length} of ${maxConcurrentRuns} concurrent runs of this job are running.`
}

async function wait(db: Database, transaction: Transaction, execution: JobExecutionRow, reason: string): Promise<void> {
  const { executionId } = execution
  await db.tables.jobExecution.update(
    { executionStatus: 'WAITING', waitReason: reason },
    { where: { executionId }, transaction },
  )
  if (execution.executionStatus === 'WAITING') return
  await mirrorStatus(db, transaction, execution, 'WAITING')
  await addEvents(db, execution, [{ type: 'WAITING', level: 'INFO', message: reason }], transaction)
}

/** The next generation, by compare-and-set: from now on only this execution may advance the lineage. */
async function takeLineage(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  lineage: LineageRow,
): Promise<JobExecutionRow> {
  const { executionId } = execution
  const { lineageId, generation } = lineage
  const [changed] = await db.tables.lineage.update(
    { ownerExecutionId: executionId, generation: generation + 1 },
    { where: { lineageId, generation }, transaction },
  )
  if (changed !== 1) throw new JobError('fenced', 'Another execution took the lineage at the same time.')
  const taken = {
    executionStatus: 'RUNNING' as const,
    waitReason: null,
    generation: generation + 1,
    ...(await resumed(db, transaction, execution, lineage)),
  }
  await db.tables.jobExecution.update(taken, { where: { executionId }, transaction })
  // What the owner before left unfinished is at work again, as it was planned (I4).
  await db.tables.checkpoint.update(
    { checkpointStatus: 'IN_PROGRESS' },
    { where: { lineageId, checkpointStatus: 'FAILED' }, transaction },
  )
  await mirrorStatus(db, transaction, execution, 'RUNNING')
  return { ...execution, ...taken }
}

/** `positions: CONTINUE` goes on after an execution that completed; after any other it is a restart of that one. */
async function resumed(db: Database, transaction: Transaction, execution: JobExecutionRow, lineage: LineageRow) {
  if (execution.restoreMode !== 'CONTINUE' || lineage.ownerExecutionId === null) return {}
  const row = await db.tables.jobExecution.findOne({ where: { executionId: lineage.ownerExecutionId }, transaction })
  const before = row?.get()
  if (before === undefined || before.executionStatus === 'COMPLETED') return {}
  const { parameters, logicalTime } = before
  return { restoreMode: 'RESTART' as const, restoredExecutionId: before.executionId, parameters, logicalTime }
}

async function noteStart(db: Database, transaction: Transaction, execution: JobExecutionRow): Promise<void> {
  if (execution.startTime !== null) return
  const { executionId } = execution
  await db.tables.jobExecution.update({ startTime: new Date() }, { where: { executionId }, transaction })
  await addEvents(
    db,
    execution,
    [{ type: 'STARTED', level: 'INFO', message: `Started version ${execution.jobVersion}.` }],
    transaction,
  )
}

function admitted({ executionId, generation, attempt }: JobExecutionRow): Admission {
  return { kind: 'admitted', owner: { executionId, generation, attempt } }
}
