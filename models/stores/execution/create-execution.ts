/** An execution is accepted: a row, its lineage, and what it will start from. */
import { randomUUID } from 'node:crypto'
import { Op, type Transaction } from 'sequelize'
import { allOf } from '../../../core/all-of.js'
import { JobError } from '../../../core/errors/job-error.js'
import { type ExecutionStatus, isTerminal } from '../../../core/execution/status.js'
import type { Replay } from '../../../core/graph/replay-graph.js'
import type { Database } from '../../database.js'
import { isDuplicate } from '../../database-error.js'
import type { JobExecutionRow, RestoreMode, TriggerType } from '../../tables/executions.js'
import type { JobRow } from '../../tables/jobs.js'
import { modeOfRestart, UNFINISHED } from '../journal/admission.js'
import { addEvents } from '../journal/events.js'
import { jobStatusOf } from '../journal/mirror.js'
import { lockJob, lockLineage } from '../journal/ownership.js'

export interface NewExecution {
  readonly jobId: string
  /** Values as text, by name, defaults filled in. */
  readonly parameters: Readonly<Record<string, string>>
  readonly logicalTime: Date
  readonly triggerType: TriggerType
  /** What may start one execution only, as `<schedule>@<time>`: asked again, the execution that it started is the answer. */
  readonly triggerKey?: string
  readonly scheduleId?: string
  readonly priority?: number
  readonly createdBy: string | null
  /** Chosen by the caller where the workflow's id must be known before; else a new one. */
  readonly executionId?: string
  /** Goes on in the lineage of this execution, with its parameters and logical time. */
  readonly restartOf?: string
  /** A new lineage that starts from this checkpoint. */
  readonly forkOf?: string
  readonly retryNumber?: number
  /** Runs these dead letters through a part of a version, and not the job. */
  readonly replay?: { readonly of: Replay; readonly jobVersion: number }
}

export interface CreatedExecution {
  readonly executionId: string
  readonly jobId: string
  readonly jobVersion: number
  readonly lineageId: string
  readonly status: ExecutionStatus
  /** False: the trigger had started it before. */
  readonly isNew: boolean
  /** Live executions that `overlap: CANCEL_RUNNING` asks to cancel. */
  readonly toCancel: readonly string[]
}

type Accepted = Pick<JobExecutionRow, 'executionId' | 'jobId' | 'jobVersion' | 'lineageId' | 'executionStatus'>

interface Start {
  readonly lineageId: string | null
  readonly restoreMode: RestoreMode
  readonly restoredExecutionId: string | null
  readonly restoredCheckpointId: string | null
  readonly parameters: Readonly<Record<string, string>>
  readonly logicalTime: Date
  readonly jobVersion: number
  readonly replay: Replay | null
}

export async function createExecution(db: Database, wanted: NewExecution): Promise<CreatedExecution> {
  try {
    return await db.transaction((transaction) => createWithin(db, transaction, wanted))
  } catch (error) {
    if (!isDuplicate(error)) throw error
    throw new JobError('conflict', 'This trigger has started an execution of another job.', { cause: error })
  }
}

export async function createWithin(
  db: Database,
  transaction: Transaction,
  wanted: NewExecution,
): Promise<CreatedExecution> {
  const job = await lockJob(db, transaction, wanted.jobId)
  const before = await startedBefore(db, transaction, wanted)
  if (before !== null) return created(before, false, [])
  if (job.isDeleted) throw new JobError('not.found', `There is no job ${wanted.jobId}.`)
  const toCancel = wanted.replay === undefined ? await overlapping(db, transaction, job) : []
  const start = await whereToStart(db, transaction, job, wanted)
  const row = await insertExecution(db, transaction, job, wanted, start)
  return created(row, true, toCancel)
}

async function startedBefore(
  db: Database,
  transaction: Transaction,
  wanted: NewExecution,
): Promise<JobExecutionRow | null> {
  const keys = [
    ...(wanted.triggerKey === undefined ? [] : [{ triggerKey: wanted.triggerKey }]),
    ...(wanted.executionId === undefined ? [] : [{ executionId: wanted.executionId }]),
  ]
  if (keys.length === 0) return null
  const row = await db.tables.jobExecution.findOne({ where: { jobId: wanted.jobId, [Op.or]: keys }, transaction })
  return row?.get() ?? null
}

async function overlapping(db: Database, transaction: Transaction, job: JobRow): Promise<readonly string[]> {
  const { overlap } = job.settings
  if (overlap === 'WAIT') return []
  const rows = await db.tables.jobExecution.findAll({
    where: { jobId: job.jobId, replay: null, executionStatus: { [Op.in]: [...UNFINISHED] } },
    order: [['id', 'ASC']],
    transaction,
  })
  if (rows.length < job.maxConcurrentRuns) return []
  if (overlap === 'SKIP')
    throw new JobError('conflict', `Job ${job.jobName} is running, and its overlap is SKIP: this run was left out.`)
  return rows.slice(0, rows.length - job.maxConcurrentRuns + 1).map((row) => row.get().executionId)
}

async function whereToStart(db: Database, transaction: Transaction, job: JobRow, wanted: NewExecution): Promise<Start> {
  const { parameters, logicalTime } = wanted
  if (wanted.restartOf !== undefined) return await restartOf(db, transaction, job, wanted.restartOf)
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

async function restartOf(db: Database, transaction: Transaction, job: JobRow, executionId: string): Promise<Start> {
  const row = await db.tables.jobExecution.findOne({ where: { executionId, jobId: job.jobId }, transaction })
  if (row === null) throw new JobError('not.found', `There is no execution ${executionId} of job ${job.jobName}.`)
  const before = row.get()
  const { lineageId, parameters, logicalTime, replay } = before
  const lineage = await lockLineage(db, transaction, lineageId)
  if (lineage.isDrained)
    throw new JobError('conflict', 'It was stopped with --drain: its windows have fired, and it cannot be continued.')
  const others = await db.tables.jobExecution.findAll({ where: { lineageId }, transaction })
  if (others.some((other) => !isTerminal(other.get().executionStatus)))
    throw new JobError('conflict', 'An execution of this lineage has not ended.', { hint: 'Cancel it first.' })
  return {
    lineageId,
    restoreMode: modeOfRestart(before),
    restoredExecutionId: executionId,
    // Until it has a checkpoint of its own, a fork begins where it was forked.
    restoredCheckpointId: lineage.forkedFromCheckpointId,
    parameters,
    logicalTime,
    jobVersion: replay === null ? job.version : before.jobVersion,
    replay,
  }
}

async function forkOf(
  db: Database,
  transaction: Transaction,
  job: JobRow,
  wanted: NewExecution,
  checkpointId: string,
): Promise<Start> {
  const row = await db.tables.checkpoint.findOne({ where: { checkpointId, jobId: job.jobId }, transaction })
  const checkpoint = row?.get()
  if (checkpoint === undefined)
    throw new JobError('not.found', `There is no checkpoint ${checkpointId} of job ${job.jobName}.`)
  if (checkpoint.checkpointStatus !== 'COMPLETED')
    throw new JobError('conflict', `Checkpoint ${checkpointId} is ${checkpoint.checkpointStatus}, not COMPLETED.`)
  if (checkpoint.stateDiscarded)
    throw new JobError('conflict', `The state of checkpoint ${checkpointId} was not retained.`, {
      hint: 'Choose a newer one, or raise checkpoint.retained.',
    })
  const origin = await db.tables.jobExecution.findOne({ where: { executionId: checkpoint.executionId }, transaction })
  return {
    lineageId: null,
    restoreMode: 'FORK',
    restoredExecutionId: checkpoint.executionId,
    restoredCheckpointId: checkpointId,
    parameters: { ...origin?.get().parameters, ...wanted.parameters },
    logicalTime: origin?.get().logicalTime ?? wanted.logicalTime,
    jobVersion: job.version,
    replay: null,
  }
}

async function insertExecution(
  db: Database,
  transaction: Transaction,
  job: JobRow,
  wanted: NewExecution,
  start: Start,
): Promise<Accepted> {
  const { jobId } = job
  const executionStatus = 'CREATED'
  const executionId = wanted.executionId ?? randomUUID()
  const lineageId = start.lineageId ?? randomUUID()
  const lineage =
    start.lineageId !== null
      ? null
      : db.tables.lineage.create(
          { lineageId, jobId, forkedFromCheckpointId: start.restoredCheckpointId },
          { transaction },
        )
  const execution = db.tables.jobExecution.create(
    {
      ...start,
      executionId,
      lineageId,
      jobId,
      jobName: job.jobName,
      executionStatus,
      triggerType: wanted.triggerType,
      triggerKey: wanted.triggerKey ?? null,
      scheduleId: wanted.scheduleId ?? null,
      priority: wanted.priority ?? job.priority,
      retryNumber: wanted.retryNumber ?? 0,
      createdBy: wanted.createdBy,
    },
    { transaction },
  )
  // A replay says nothing of how the job stands.
  const latest =
    start.replay !== null
      ? null
      : db.tables.job.update(
          { latestExecutionId: executionId, jobStatus: jobStatusOf(executionStatus) },
          { where: { jobId }, transaction },
        )
  const message = `Accepted: ${wanted.triggerType.toLowerCase()}, version ${start.jobVersion}.`
  const submitted = { type: 'SUBMITTED', level: 'INFO', message } as const
  await allOf([
    Promise.resolve(lineage),
    execution,
    Promise.resolve(latest),
    addEvents(db, { executionId, jobId, attempt: 0 }, [submitted], transaction),
  ])
  return { executionId, jobId, jobVersion: start.jobVersion, lineageId, executionStatus }
}

function created(row: Accepted, isNew: boolean, toCancel: readonly string[]): CreatedExecution {
  const { executionId, jobId, jobVersion, lineageId, executionStatus } = row
  return { executionId, jobId, jobVersion, lineageId, status: executionStatus, isNew, toCancel }
}
