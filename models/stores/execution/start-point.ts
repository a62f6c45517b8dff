/** What a new execution will start from. */
import { Op, type Transaction } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import { isTerminal } from '../../../core/execution/status.js'
import type { Replay } from '../../../core/graph/replay-graph.js'
import type { Database } from '../../database.js'
import type { CheckpointRow } from '../../tables/checkpoints.js'
import type { JobExecutionRow, RestoreMode } from '../../tables/executions.js'
import type { JobRow } from '../../tables/jobs.js'
import { lockLineage } from '../journal/ownership.js'
import { modeOfRestart } from '../journal/take-lineage.js'
import type { NewExecution, ParameterValues } from './new-execution.js'

export interface Start {
  readonly lineageId: string | null
  readonly restoreMode: RestoreMode
  readonly restoredExecutionId: string | null
  readonly restoredCheckpointId: string | null
  readonly parameters: Readonly<Record<string, string>>
  readonly logicalTime: Date
  /** Of one that goes on; absent: as it was asked for. */
  readonly isScheduledTime?: boolean
  /** Of one that is tried again: the same deadline; absent: as the job says. */
  readonly slaDueTime?: Date | null
  readonly jobVersion: number
  readonly replay: Replay | null
  /** Of a fork: the last epoch that it does not write again. */
  readonly forkedAfter?: number
}

/** With the values that the job's newest version takes. */
type Wanted = NewExecution & { readonly parameters: ParameterValues }

export async function whereToStart(
  db: Database,
  transaction: Transaction,
  job: JobRow,
  wanted: Wanted,
): Promise<Start> {
  const { parameters, logicalTime } = wanted
  if (wanted.restartOf !== undefined) return await restartOf(db, transaction, job, wanted, wanted.restartOf)
  if (wanted.forkOf !== undefined) return await forkOf(db, transaction, job, wanted, wanted.forkOf)
  const jobVersion = wanted.replay?.jobVersion ?? job.version
  const replay = wanted.replay?.of ?? null
  const fresh = { restoredExecutionId: null, restoredCheckpointId: null, parameters, logicalTime, jobVersion, replay }
  if (replay !== null) return { ...fresh, lineageId: null, restoreMode: 'FRESH' }
  if (job.settings.positions === 'FRESH') return { ...fresh, lineageId: null, restoreMode: 'FRESH' }
  // How the one before ended may not be known yet: admission decides whether this goes on after it or restarts it.
  const lineageId = await newestLineage(db, transaction, job.jobId)
  return { ...fresh, lineageId, restoreMode: lineageId === null ? 'FRESH' : 'CONTINUE' }
}

/** Forks and replays stand aside, and so does what was restarted of them. */
async function newestLineage(db: Database, transaction: Transaction, jobId: string): Promise<string | null> {
  const rows = await db.query<{ lineageId: string }>(
    `SELECT e.lineage_id AS lineageId
       FROM etl_job_execution e JOIN etl_lineage l ON l.lineage_id = e.lineage_id
      WHERE e.job_id = :jobId AND l.forked_from_checkpoint_id IS NULL AND e.replay IS NULL
      ORDER BY e.id DESC LIMIT 1`,
    { jobId },
    transaction,
  )
  return rows[0]?.lineageId ?? null
}

async function restartOf(
  db: Database,
  transaction: Transaction,
  job: JobRow,
  wanted: Wanted,
  executionId: string,
): Promise<Start> {
  const row = await db.tables.jobExecution.findOne({ where: { executionId, jobId: job.jobId }, transaction })
  if (row === null) throw new JobError('not.found', `There is no execution ${executionId} of job ${job.jobName}.`)
  const before = row.get()
  const { lineageId, logicalTime, replay } = before
  const lineage = await lockLineage(db, transaction, lineageId)
  if (lineage.isDrained)
    throw new JobError(
      'conflict',
      'It was stopped with --drain: everything open has fired, and it cannot be continued.',
      {
        hint: 'Fork it from an earlier checkpoint or savepoint (`etl fork`), or start the job anew.',
      },
    )
  const others = await db.tables.jobExecution.findAll({ where: { lineageId }, transaction })
  const isInTheWay = (other: JobExecutionRow) =>
    !isTerminal(other.executionStatus) && !(wanted.afterIt === true && other.executionId === executionId)
  if (others.some((other) => isInTheWay(other.get())))
    throw new JobError('conflict', 'An execution of this lineage has not ended.', { hint: 'Stop or cancel it first.' })
  const restoreMode = modeOfRestart(before)
  if (wanted.afterIt === true && restoreMode === 'CONTINUE')
    throw new JobError('conflict', 'It has no complete epoch yet to go on from.', { hint: 'Ask again a little later.' })
  return {
    lineageId,
    restoreMode,
    restoredExecutionId: executionId,
    // Until it has a checkpoint of its own, a fork begins where it was forked.
    restoredCheckpointId: lineage.forkedFromCheckpointId,
    // The pending epoch may need what the newest version does not know any more (I1).
    parameters: { ...wanted.parameters, ...before.parameters },
    logicalTime,
    isScheduledTime: before.isScheduledTime,
    ...(wanted.triggerType === 'RETRY' ? { slaDueTime: before.slaDueTime } : {}),
    jobVersion: replay === null ? job.version : before.jobVersion,
    replay,
  }
}

/** What waits already to go on after it, with the newest version. */
export async function waitingAfter(
  db: Database,
  transaction: Transaction,
  job: JobRow,
  { restartOf: executionId, afterIt }: NewExecution,
): Promise<JobExecutionRow | null> {
  if (afterIt !== true || executionId === undefined) return null
  const row = await db.tables.jobExecution.findOne({
    where: {
      restoredExecutionId: executionId,
      jobVersion: job.version,
      executionStatus: { [Op.in]: ['CREATED', 'WAITING'] },
      cancelRequested: false,
    },
    transaction,
  })
  return row?.get() ?? null
}

async function forkOf(
  db: Database,
  transaction: Transaction,
  job: JobRow,
  wanted: Wanted,
  checkpointId: string,
): Promise<Start> {
  const row = await db.tables.checkpoint.findOne({ where: { checkpointId, jobId: job.jobId }, transaction })
  const checkpoint = row?.get()
  if (checkpoint === undefined)
    throw new JobError('not.found', `There is no checkpoint ${checkpointId} of job ${job.jobName}.`)
  refuseUnlessWhole(checkpoint)
  const origin = await db.tables.jobExecution.findOne({ where: { executionId: checkpoint.executionId }, transaction })
  if ((origin?.get().replay ?? null) !== null)
    throw new JobError('conflict', 'It is of a replay of dead letters, which is not the job.', {
      hint: 'Choose a checkpoint of a run of the job.',
    })
  return {
    lineageId: null,
    restoreMode: 'FORK',
    restoredExecutionId: checkpoint.executionId,
    restoredCheckpointId: checkpointId,
    parameters: { ...origin?.get().parameters, ...wanted.parameters },
    logicalTime: origin?.get().logicalTime ?? wanted.logicalTime,
    jobVersion: job.version,
    replay: null,
    forkedAfter: checkpoint.epoch,
  }
}

function refuseUnlessWhole({ checkpointId, checkpointStatus, stateDiscarded, nextStep }: CheckpointRow): void {
  if (checkpointStatus !== 'COMPLETED')
    throw new JobError('conflict', `Checkpoint ${checkpointId} is ${checkpointStatus}, not COMPLETED.`)
  if (stateDiscarded)
    throw new JobError('conflict', `The state of checkpoint ${checkpointId} was not retained.`, {
      hint: 'Choose a newer one, or raise checkpoint.retained.',
    })
  if (nextStep?.kind === 'exhausted')
    throw new JobError('conflict', `Nothing comes after checkpoint ${checkpointId}: its input had ended.`, {
      hint: 'Choose an earlier one.',
    })
}
