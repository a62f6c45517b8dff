/** An execution is accepted: a row, its lineage, and what it will start from. */
import { randomUUID } from 'node:crypto'
import { Op, type Transaction } from 'sequelize'
import { allOf } from '../../../core/all-of.js'
import { JobError } from '../../../core/errors/job-error.js'
import type { ExecutionEvent } from '../../../core/execution/journal.js'
import { UNFINISHED } from '../../../core/execution/status.js'
import { writtenAgain } from '../../../core/execution/written-again.js'
import type { Database } from '../../database.js'
import { isDuplicate } from '../../database-error.js'
import type { JobExecutionRow, TriggerType } from '../../tables/executions.js'
import type { JobRow } from '../../tables/jobs.js'
import { addEvents, asAsked } from '../journal/events.js'
import { jobStatusOf } from '../journal/mirror.js'
import { lockExecution, lockJob } from '../journal/ownership.js'
import { cancelWithin } from './cancel.js'
import type { CreatedExecution, NewExecution, ParameterValues } from './new-execution.js'
import { type Start, waitingAfter, whereToStart } from './start-point.js'

type Accepted = Pick<JobExecutionRow, 'executionId' | 'jobId' | 'jobVersion' | 'lineageId' | 'executionStatus'>

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
  const waiting = await waitingAfter(db, transaction, job, wanted)
  if (waiting !== null) return created(waiting, false, [])
  const standsAside = wanted.replay !== undefined || wanted.afterIt === true || wanted.triggerType === 'BACKFILL'
  const toCancel = standsAside ? [] : await overlapping(db, transaction, job)
  const start = await whereToStart(db, transaction, job, { ...wanted, parameters: valuesFor(job, wanted) })
  const row = await insertExecution(db, transaction, job, wanted, start)
  // Noted with it: whoever was to ask may die first, and what is noted is carried out by the reconciler.
  for (const executionId of toCancel)
    await cancelWithin(
      db,
      transaction,
      await lockExecution(db, transaction, executionId),
      wanted.createdBy,
      'a newer execution',
    )
  return created(row, true, toCancel)
}

function valuesFor({ settings }: JobRow, { parameters }: NewExecution): ParameterValues {
  return typeof parameters === 'function' ? parameters(settings.parameters) : parameters
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
    where: {
      jobId: job.jobId,
      replay: null,
      // What fills the past is in nobody's way.
      triggerType: { [Op.ne]: 'BACKFILL' },
      executionStatus: { [Op.in]: [...UNFINISHED] },
    },
    order: [['id', 'ASC']],
    transaction,
  })
  if (rows.length < job.maxConcurrentRuns) return []
  if (overlap === 'SKIP')
    throw new JobError('conflict', `Job ${job.jobName} is running, and its overlap is SKIP: this run was left out.`)
  return rows.slice(0, rows.length - job.maxConcurrentRuns + 1).map((row) => row.get().executionId)
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
  const { forkedAfter: _forkedAfter, slaDueTime: _slaDueTime, ...startsFrom } = start
  const execution = db.tables.jobExecution.create(
    {
      ...startsFrom,
      executionId,
      lineageId,
      jobId,
      jobName: job.jobName,
      executionStatus,
      allowNonRestoredState: wanted.allowNonRestoredState === true,
      isScheduledTime: start.isScheduledTime ?? wanted.isScheduledTime ?? OF_A_CALENDAR.includes(wanted.triggerType),
      slaDueTime: dueTime(job, start),
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
  await allOf([
    Promise.resolve(lineage),
    execution,
    Promise.resolve(latest),
    addEvents(db, { executionId, jobId, attempt: 0 }, [submittedEvent(wanted, start)], transaction),
    tellOrigin(db, transaction, executionId, jobId, wanted, start),
  ])
  return { executionId, jobId, jobVersion: start.jobVersion, lineageId, executionStatus }
}

const OF_A_CALENDAR: readonly TriggerType[] = ['CRON', 'BACKFILL']

/** From when it is accepted: waiting counts too. */
function dueTime({ settings: { slaMs } }: JobRow, { replay, slaDueTime }: Start): Date | null {
  if (slaDueTime !== undefined) return slaDueTime
  return slaMs === null || replay !== null ? null : new Date(Date.now() + slaMs)
}

function submittedEvent(
  { triggerType, asked }: NewExecution,
  { restoredExecutionId, restoredCheckpointId, forkedAfter, jobVersion }: Start,
): ExecutionEvent {
  const by = asked ?? null
  const from = forkedAfter === undefined ? `execution ${restoredExecutionId}` : `checkpoint ${restoredCheckpointId}`
  const what = triggerType === 'RESTART' || triggerType === 'FORK' ? ` of ${from}` : ''
  const accepted = `Accepted: ${triggerType.toLowerCase()}${what}, version ${jobVersion}${asAsked(by)}.`
  return {
    type: 'SUBMITTED',
    level: forkedAfter === undefined ? 'INFO' : 'WARNING',
    message: forkedAfter === undefined ? accepted : `${accepted} ${writtenAgain(forkedAfter)}`,
    details: { by, restoredExecutionId, restoredCheckpointId },
  }
}

/** In the timeline of the one that it starts from. */
async function tellOrigin(
  db: Database,
  transaction: Transaction,
  executionId: string,
  jobId: string,
  { triggerType, asked }: NewExecution,
  { restoredExecutionId, restoredCheckpointId, forkedAfter }: Start,
): Promise<void> {
  if (restoredExecutionId === null || (triggerType !== 'RESTART' && triggerType !== 'FORK')) return
  const by = asked ?? null
  const details = { by, executionId, checkpointId: restoredCheckpointId }
  const event: ExecutionEvent =
    triggerType === 'FORK'
      ? {
          type: 'FORKED',
          level: 'INFO',
          message: `Execution ${executionId} starts from epoch ${forkedAfter}${asAsked(by)}.`,
          details,
        }
      : {
          type: 'RESTARTED',
          level: 'INFO',
          message: `Execution ${executionId} goes on from here${asAsked(by)}.`,
          details,
        }
  await addEvents(
    db,
    { executionId: restoredExecutionId, jobId, attempt: 0, epoch: forkedAfter ?? null },
    [event],
    transaction,
  )
}

function created(row: Accepted, isNew: boolean, toCancel: readonly string[]): CreatedExecution {
  const { executionId, jobId, jobVersion, lineageId, executionStatus } = row
  return { executionId, jobId, jobVersion, lineageId, status: executionStatus, isNew, toCancel }
}
