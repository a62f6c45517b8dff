/** Which executions may run: a set that is counted under the job's lock, and an owner for each lineage. */
import { Op, type Transaction } from 'sequelize'
import { allOf } from '../../../core/all-of.js'
import { JobError } from '../../../core/errors/job-error.js'
import type { Admission, WorkflowReference } from '../../../core/execution/journal.js'
import { isTerminal, LIVE } from '../../../core/execution/status.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow, LineageRow, RestoreMode } from '../../tables/executions.js'
import type { JobRow } from '../../tables/jobs.js'
import { addEvents } from './events.js'
import type { JobVersions } from './job-versions.js'
import { mirrorStatus } from './mirror.js'
import { lockExecution, lockJob, lockLineage, originOf } from './ownership.js'
import { newestOf, nothingYet, standingOf } from './standing.js'

export async function admit(
  db: Database,
  versions: JobVersions,
  executionId: string,
  workflow: WorkflowReference | null,
): Promise<Admission> {
  const { jobId, lineageId } = await originOf(db, executionId)
  const decided = await db.transaction(async (transaction) => {
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
    const reason = await reasonToWait(db, transaction, job.maxConcurrentRuns, execution, lineage)
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

/** Admits those that wait, larger priority first, as far as there is room. The job row must be locked. */
export async function admitWaiting(db: Database, transaction: Transaction, job: JobRow): Promise<readonly string[]> {
  const rows = await db.tables.jobExecution.findAll({
    where: {
      jobId: job.jobId,
      [Op.or]: [
        { executionStatus: 'WAITING', cancelRequested: false },
        { executionStatus: 'RUNNING', startTime: null },
      ],
    },
    order: [
      ['priority', 'DESC'],
      ['id', 'ASC'],
    ],
    transaction,
  })
  // Told or not, these have not begun: whoever asks again gets them again, so that a lost signal is repaired.
  const admitted: string[] = []
  for (const row of rows) {
    const waiting = row.get()
    if (waiting.executionStatus === 'RUNNING' || (await admitNext(db, transaction, job, waiting)))
      admitted.push(waiting.executionId)
  }
  return admitted
}

async function admitNext(
  db: Database,
  transaction: Transaction,
  { maxConcurrentRuns }: JobRow,
  { executionId, lineageId }: JobExecutionRow,
): Promise<boolean> {
  const lineage = await lockLineage(db, transaction, lineageId)
  const execution = await lockExecution(db, transaction, executionId)
  if (execution.executionStatus !== 'WAITING') return false
  if ((await reasonToWait(db, transaction, maxConcurrentRuns, execution, lineage)) !== null) return false
  await takeLineage(db, transaction, execution, lineage)
  return true
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
    attributes: ['executionId', 'lineageId', 'replay'],
    where: { jobId: execution.jobId, executionStatus: { [Op.in]: [...LIVE] } },
    transaction,
  })
  if (live.some((row) => row.get().lineageId === lineage.lineageId))
    return 'Another execution of the same lineage is running.'
  // A replay is no run of the job: it neither waits for them nor keeps them waiting.
  const runs = live.filter((row) => row.get().replay === null)
  if (execution.replay !== null || runs.length < maxConcurrentRuns) return null
  return `${runs.length} of ${maxConcurrentRuns} concurrent runs of this job are running.`
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
    { ...workflow, executionStatus: 'WAITING', waitReason: reason },
    { where: { executionId }, transaction },
  )
  if (execution.executionStatus === 'WAITING') return reason
  await mirrorStatus(db, transaction, execution, 'WAITING')
  await addEvents(db, execution, [{ type: 'WAITING', level: 'INFO', message: reason }], transaction)
  return reason
}

/** The next generation, by compare-and-set: from now on only this execution may advance the lineage. */
async function takeLineage(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  lineage: LineageRow,
  begun: Partial<JobExecutionRow> = {},
): Promise<JobExecutionRow> {
  const { executionId } = execution
  const { lineageId, generation } = lineage
  const [changed] = await db.tables.lineage.update(
    { ownerExecutionId: executionId, generation: generation + 1 },
    { where: { lineageId, generation }, transaction },
  )
  if (changed !== 1) throw new JobError('fenced', 'Another execution took the lineage at the same time.')
  // What the owner before left unfinished is at work again, as it was planned (I4).
  if (generation > 0)
    await db.tables.checkpoint.update(
      { checkpointStatus: 'IN_PROGRESS' },
      { where: { lineageId, checkpointStatus: 'FAILED' }, transaction },
    )
  const change = {
    ...begun,
    executionStatus: 'RUNNING',
    waitReason: null,
    generation: generation + 1,
    ...(await resumed(db, transaction, execution, lineage)),
  } as const
  const [running] = await allOf([
    begin(db, transaction, execution, change),
    mirrorStatus(db, transaction, execution, 'RUNNING'),
  ])
  return running
}

/** `positions: CONTINUE` goes on after an execution that completed; after any other it is a restart of that one. */
async function resumed(db: Database, transaction: Transaction, execution: JobExecutionRow, lineage: LineageRow) {
  if (execution.restoreMode !== 'CONTINUE' || lineage.ownerExecutionId === null) return {}
  const row = await db.tables.jobExecution.findOne({ where: { executionId: lineage.ownerExecutionId }, transaction })
  const before = row?.get()
  if (before === undefined || before.executionStatus === 'COMPLETED') return {}
  const { parameters, logicalTime } = before
  return { restoreMode: modeOfRestart(before), restoredExecutionId: before.executionId, parameters, logicalTime }
}

/** One that went on after another, and came to no checkpoint, is begun again as it would have begun. */
export function modeOfRestart(before: Pick<JobExecutionRow, 'restoreMode' | 'epochs'>): RestoreMode {
  return before.restoreMode === 'CONTINUE' && before.epochs === 0 ? 'CONTINUE' : 'RESTART'
}

async function begin(
  db: Database,
  transaction: Transaction,
  execution: JobExecutionRow,
  change: Partial<JobExecutionRow>,
): Promise<JobExecutionRow> {
  const { executionId } = execution
  const begun = { ...execution, ...change }
  const isFirst = execution.startTime === null && begun.startTime !== null
  const started = { type: 'STARTED', level: 'INFO', message: `Started version ${execution.jobVersion}.` } as const
  await allOf([
    db.tables.jobExecution.update(change, { where: { executionId }, transaction }),
    addEvents(db, execution, isFirst ? [started] : [], transaction),
  ])
  return begun
}
