/** An admitted execution becomes the owner of its lineage. */
import type { Transaction } from 'sequelize'
import { allOf } from '../../../core/all-of.js'
import { JobError } from '../../../core/errors/job-error.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow, LineageRow, RestoreMode } from '../../tables/executions.js'
import { addEvents } from './events.js'
import { mirrorStatus } from './mirror.js'

/** The next generation, by compare-and-set: from now on only this execution may advance the lineage. */
export async function takeLineage(
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
  const { parameters, logicalTime, isScheduledTime } = before
  const restored = { restoreMode: modeOfRestart(before), restoredExecutionId: before.executionId }
  return { ...restored, parameters, logicalTime, isScheduledTime }
}

/** One that went on after another, and came to no checkpoint, is begun again as it would have begun. */
export function modeOfRestart(before: Pick<JobExecutionRow, 'restoreMode' | 'epochs'>): RestoreMode {
  return before.restoreMode === 'CONTINUE' && before.epochs === 0 ? 'CONTINUE' : 'RESTART'
}

export async function begin(
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
