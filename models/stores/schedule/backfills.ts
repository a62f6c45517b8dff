/** Fills times of the past, so many at once as was asked for, after everything that runs in its turn. */
import { randomUUID } from 'node:crypto'
import { Op, type Transaction } from 'sequelize'
import { JobError } from '../../../core/errors/job-error.js'
import { UNFINISHED } from '../../../core/execution/status.js'
import { fires } from '../../../core/schedule/fires.js'
import type { Database } from '../../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../../page.js'
import type { JobRow } from '../../tables/jobs.js'
import type { BackfillRow } from '../../tables/schedules.js'
import { lockJob } from '../journal/ownership.js'
import { startBySchedule, type Triggered } from '../trigger/start-by-schedule.js'
import { calendarOf, triggerKeyOf } from './calendar-of.js'
import { withSchedule } from './pause.js'
import { type BackfillRange, type PlannedTime, planTimes, timesIn } from './plan-backfill.js'
import { wholeOf } from './readable.js'
import { noSchedule } from './schedules.js'
import { eachSchedule, type Told } from './troubles.js'

export interface NewBackfill extends BackfillRange {
  readonly scheduleId: string
  /** Asked again with the same: the one that is there. */
  readonly backfillId?: string
  readonly maxConcurrentRuns: number
  readonly reprocess: BackfillRow['reprocess']
  readonly createdBy: string | null
}

export interface BackfillRecord {
  readonly backfillId: string
  readonly scheduleId: string
  readonly jobId: string
  readonly status: BackfillRow['backfillStatus']
  readonly from: string
  readonly to: string
  readonly maxConcurrentRuns: number
  readonly reprocess: BackfillRow['reprocess']
  readonly total: number
  /** Executions of it, by their status. */
  readonly executions: Readonly<Record<string, number>>
  readonly createdBy: string | null
  readonly createdAt: string
  readonly updatedAt: string
}

/** Below every priority that people give. */
const LOWER_BY = 1000

export async function planBackfill(db: Database, wanted: NewBackfill): Promise<readonly PlannedTime[]> {
  const row = (await db.tables.jobSchedule.findOne({ where: { scheduleId: wanted.scheduleId } }))?.get()
  if (row === undefined) throw noSchedule(wanted.scheduleId)
  if (row.cronExpression === null)
    throw new JobError('conflict', `A schedule of type ${row.scheduleType} has no times that could be filled.`, {
      hint: 'Only CRON has; start single executions with `etl start`.',
    })
  if (wanted.to < wanted.from)
    throw new JobError('usage.invalid', 'The range ends before it starts.', {
      pointer: '/to',
      hint: '`from` is the earlier one; both belong to the range.',
    })
  if (wanted.to.getTime() > Date.now())
    throw new JobError('usage.invalid', 'The range ends in the future; the schedule itself will see to that.', {
      pointer: '/to',
      hint: 'Choose a time up to now.',
    })
  return await planTimes(db, wanted.scheduleId, timesIn(calendarOf(row), wanted), wanted.reprocess)
}

export async function createBackfill(db: Database, wanted: NewBackfill): Promise<BackfillRecord> {
  const { scheduleId, from, to, maxConcurrentRuns, reprocess, createdBy } = wanted
  const backfillId = wanted.backfillId ?? randomUUID()
  const planned = await planBackfill(db, wanted)
  await withSchedule(db, scheduleId, async (transaction, job, stored) => {
    const schedule = wholeOf(stored)
    if (job.settings.positions === 'CONTINUE')
      throw new JobError('conflict', 'A job with `positions: CONTINUE` goes on from where it was, whatever the time.', {
        hint: 'Backfills are for jobs that read by their logical time.',
      })
    if ((await db.tables.backfill.count({ where: { backfillId }, transaction })) > 0) return
    await db.tables.backfill.create(
      {
        backfillId,
        scheduleId,
        jobId: job.jobId,
        backfillStatus: 'RUNNING',
        cronExpression: schedule.cronExpression!,
        timezone: schedule.timezone,
        parameters: schedule.parameters,
        fromTime: from,
        // Times before its start and after its end are none.
        toTime: earlier(to, schedule.endTime),
        nextTime: later(from, schedule.startTime),
        maxConcurrentRuns,
        reprocess,
        priority: job.priority - LOWER_BY,
        total: planned.filter(({ runs }) => runs).length,
        createdBy,
      },
      { transaction },
    )
  })
  return await getBackfill(db, backfillId)
}

function earlier(time: Date, end: Date | null): Date {
  return end !== null && end < time ? end : time
}

function later(time: Date, start: Date | null): Date {
  return start !== null && start > time ? start : time
}

/** A step of each that runs: as many executions more as have room. */
export async function advanceBackfills(db: Database, told: Told): Promise<readonly Triggered[]> {
  const rows = await db.tables.backfill.findAll({
    attributes: ['backfillId', 'scheduleId', 'jobId'],
    where: { backfillStatus: 'RUNNING' },
    order: [['id', 'ASC']],
  })
  const started: Triggered[] = []
  await eachSchedule(
    db,
    rows.map((row) => row.get()),
    ({ backfillId }) => troubleOf(backfillId),
    async (row) => void started.push(...(await advance(db, row))),
    told,
  )
  return started
}

const troubleOf = (backfillId: string) => `BACKFILL ${backfillId}`

/** Looked at in one step; what is left is for the next. */
const LOOKED_AT_ONCE = 500

async function advance(
  db: Database,
  { backfillId, jobId }: Pick<BackfillRow, 'backfillId' | 'jobId'>,
): Promise<readonly Triggered[]> {
  return await db.transaction(async (transaction) => {
    const job = await lockJob(db, transaction, jobId)
    const lock = transaction.LOCK.UPDATE
    const backfill = (await db.tables.backfill.findOne({ where: { backfillId }, transaction, lock }))?.get()
    if (backfill?.backfillStatus !== 'RUNNING') return []
    const end = async (backfillStatus: BackfillRow['backfillStatus']) => {
      await db.tables.backfill.update({ backfillStatus }, { where: { backfillId }, transaction })
      return []
    }
    if (job.isDeleted) return await end('CANCELLED')
    const unfinished = { backfillId, executionStatus: { [Op.in]: [...UNFINISHED] } }
    const live = await db.tables.jobExecution.count({ where: unfinished, transaction })
    if (backfill.nextTime === null) return live === 0 ? await end('COMPLETED') : []
    return await startSome(db, transaction, job, backfill, backfill.maxConcurrentRuns - live)
  })
}

async function startSome(
  db: Database,
  transaction: Transaction,
  job: JobRow,
  backfill: BackfillRow,
  room: number,
): Promise<readonly Triggered[]> {
  const { backfillId, scheduleId, toTime } = backfill
  if (room <= 0) return []
  const calendar = calendarOf({ ...backfill, startTime: null, endTime: toTime })
  const times = fires(calendar, backfill.nextTime!.getTime() - 1, LOOKED_AT_ONCE)
  const planned = await planTimes(db, scheduleId, times, backfill.reprocess)
  const chosen = planned.filter(({ runs }) => runs).slice(0, room)
  const started: Triggered[] = []
  for (const { logicalTime } of chosen) {
    const triggered = await startOne(db, transaction, job, backfill, new Date(logicalTime))
    started.push(triggered)
    if (triggered.executionId !== null && triggered.isToStart)
      await db.tables.jobExecution.update(
        { backfillId },
        { where: { executionId: triggered.executionId }, transaction },
      )
  }
  // All that comes before the last one chosen is as it should be.
  const isFull = chosen.length === room
  const lookedAt = isFull ? Date.parse(chosen.at(-1)!.logicalTime) : (times.at(-1) ?? toTime.getTime())
  const [next] = fires(calendar, lookedAt, 1)
  const nextTime = next === undefined ? null : new Date(next)
  await db.tables.backfill.update({ nextTime }, { where: { backfillId }, transaction })
  return started
}

async function startOne(
  db: Database,
  transaction: Transaction,
  job: JobRow,
  { backfillId, scheduleId, timezone, parameters, reprocess, priority, createdBy }: BackfillRow,
  logicalTime: Date,
): Promise<Triggered> {
  const key = triggerKeyOf(scheduleId, logicalTime)
  const schedule = { scheduleId, timezone, parameters }
  return await startBySchedule(db, transaction, job, schedule, {
    triggerType: 'BACKFILL',
    key: reprocess === 'MISSING' ? key : `${key}#${backfillId}`,
    logicalTime,
    isScheduledTime: true,
    priority,
    createdBy,
  })
}

/** Nobody has to be able to read them to cancel it. */
const NOT_SHOWN = ['parameters']

export async function getBackfill(db: Database, backfillId: string): Promise<BackfillRecord> {
  const attributes = { exclude: NOT_SHOWN }
  const row = (await db.tables.backfill.findOne({ attributes, where: { backfillId } }))?.get()
  if (row === undefined)
    throw new JobError('not.found', `There is no backfill ${backfillId}.`, {
      hint: '`etl schedules backfills JOB` has those of a job.',
    })
  return await recordOf(db, row)
}

export async function listBackfills(
  db: Database,
  scheduleId: string,
  request: PageRequest,
): Promise<Page<BackfillRecord>> {
  const { where, order, limit } = pageQuery(request)
  const rows = await db.tables.backfill.findAll({
    attributes: { exclude: NOT_SHOWN },
    where: { [Op.and]: [where, { scheduleId }] },
    order,
    limit,
  })
  const records = await Promise.all(rows.map((row) => recordOf(db, row.get())))
  const byId = new Map(records.map((record) => [record.backfillId, record]))
  return pageOf(
    rows.map((row) => row.get()),
    request,
    ({ backfillId }) => byId.get(backfillId)!,
  )
}

/** Pauses it, or lets it go on; asked again, nothing changes. */
export async function holdBackfill(db: Database, backfillId: string, isPaused: boolean): Promise<BackfillRecord> {
  const { jobId } = await getBackfill(db, backfillId)
  await db.transaction(async (transaction) => {
    await lockJob(db, transaction, jobId)
    const [from, backfillStatus] = isPaused ? (['RUNNING', 'PAUSED'] as const) : (['PAUSED', 'RUNNING'] as const)
    await db.tables.backfill.update({ backfillStatus }, { where: { backfillId, backfillStatus: from }, transaction })
    if (isPaused) await forgetBackfillTrouble(db, transaction, backfillId)
  })
  const held = await getBackfill(db, backfillId)
  if (held.status === 'COMPLETED' || held.status === 'CANCELLED') throw ended(held.status)
  return held
}

function ended(status: BackfillRow['backfillStatus']): JobError {
  return new JobError('conflict', `The backfill has ended already: it is ${status}.`, {
    hint: 'Ask for a new one; it fills only what is missing, unless `reprocess` says otherwise.',
  })
}

async function forgetBackfillTrouble(db: Database, transaction: Transaction, backfillId: string): Promise<void> {
  await db.tables.scheduleTrouble.destroy({ where: { trouble: troubleOf(backfillId) }, transaction })
}

/** Answers the executions of it that have not ended: whoever asks cancels them. */
export async function cancelBackfill(db: Database, backfillId: string): Promise<readonly string[]> {
  const { jobId, status } = await getBackfill(db, backfillId)
  if (status === 'COMPLETED') throw ended(status)
  return await db.transaction(async (transaction) => {
    await lockJob(db, transaction, jobId)
    await db.tables.backfill.update(
      { backfillStatus: 'CANCELLED' },
      { where: { backfillId, backfillStatus: ['RUNNING', 'PAUSED'] }, transaction },
    )
    await forgetBackfillTrouble(db, transaction, backfillId)
    const rows = await db.tables.jobExecution.findAll({
      attributes: ['executionId'],
      where: { backfillId, executionStatus: { [Op.in]: [...UNFINISHED] } },
      transaction,
    })
    return rows.map((row) => row.get().executionId)
  })
}

async function recordOf(db: Database, row: BackfillRow): Promise<BackfillRecord> {
  const counts = await db.query<{ status: string; count: number }>(
    `SELECT execution_status AS status, COUNT(*) AS count FROM etl_job_execution
      WHERE backfill_id = :backfillId GROUP BY execution_status`,
    { backfillId: row.backfillId },
  )
  return {
    backfillId: row.backfillId,
    scheduleId: row.scheduleId,
    jobId: row.jobId,
    status: row.backfillStatus,
    from: row.fromTime.toISOString(),
    to: row.toTime.toISOString(),
    maxConcurrentRuns: row.maxConcurrentRuns,
    reprocess: row.reprocess,
    total: row.total,
    executions: Object.fromEntries(counts.map(({ status, count }) => [status, Number(count)])),
    createdBy: row.createdBy,
    createdAt: row.createTime.toISOString(),
    updatedAt: row.updateTime.toISOString(),
  }
}
