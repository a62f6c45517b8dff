/** A time of the calendar has come: it starts an execution, once, or it is known why not. */
import { Op, type Transaction } from 'sequelize'
import type { WorkflowReference } from '../../../core/execution/journal.js'
import { fires, isFire } from '../../../core/schedule/fires.js'
import { timesToStart, whyMissed } from '../../../core/schedule/missed.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow } from '../../tables/executions.js'
import type { JobRow, JobScheduleRow } from '../../tables/jobs.js'
import { lockJob } from '../journal/ownership.js'
import { PAUSED, startBySchedule } from '../trigger/start-by-schedule.js'
import { calendarOf, catchingUp, triggerKeyOf } from './calendar-of.js'
import { decide } from './decisions.js'
import { type StoredSchedule, wholeOf } from './readable.js'

export interface Fire {
  readonly scheduleId: string
  readonly logicalTime: Date
  /** Whoever runs the execution; null: it is to be started. */
  readonly workflow: WorkflowReference | null
  readonly now: Date
}

export type Fired =
  | {
      readonly isStarted: true
      readonly jobId: string
      readonly executionId: string
      /** Its workflow is to be started. */
      readonly isToStart: boolean
      readonly toCancel: readonly string[]
    }
  | { readonly isStarted: false; readonly reason: string }

/** Asked again by the same workflow: the same answer. MySQL decides whether it is a time of the schedule, and not who asks. */
export async function fireSchedule(db: Database, fire: Fire): Promise<Fired> {
  const known = (
    await db.tables.jobSchedule.findOne({ attributes: ['jobId'], where: { scheduleId: fire.scheduleId } })
  )?.get()
  if (known === undefined) return leftOut('The schedule is gone.')
  return await db.transaction(async (transaction) => {
    const job = await lockJob(db, transaction, known.jobId)
    const schedule = await lockSchedule(db, transaction, fire.scheduleId)
    if (schedule === null || job.isDeleted) return leftOut('The schedule is gone.')
    const fired = await startOnce(db, transaction, job, schedule, fire)
    await advance(db, transaction, schedule, fire.now)
    return fired
  })
}

/** After its job, before lineages. */
export async function lockSchedule(
  db: Database,
  transaction: Transaction,
  scheduleId: string,
): Promise<JobScheduleRow | null> {
  const stored = await lockStored(db, transaction, scheduleId)
  return stored === null ? null : wholeOf(stored)
}

/** The same; whoever asks knows what to do where not all of it can be read. */
export async function lockStored(
  db: Database,
  transaction: Transaction,
  scheduleId: string,
): Promise<StoredSchedule | null> {
  return await db.tables.jobSchedule.findOne({ where: { scheduleId }, transaction, lock: transaction.LOCK.UPDATE })
}

async function startOnce(
  db: Database,
  transaction: Transaction,
  job: JobRow,
  schedule: JobScheduleRow,
  fire: Fire,
): Promise<Fired> {
  const { logicalTime, workflow, now } = fire
  const before = await startedAt(db, transaction, schedule, logicalTime)
  if (before !== null && isOf(before, workflow)) return sameAgain(before)
  const instead = await startedBy(db, transaction, schedule, fire)
  if (instead !== null) return sameAgain(instead)
  if (!isFire(calendarOf(schedule), logicalTime.getTime())) return leftOut('It is no time of the calendar any more.')
  const times = timesToStart(catchingUp(schedule), logicalTime.getTime(), now.getTime())
  const isMissed = !times.includes(logicalTime.getTime())
  const isDecided = before !== null || schedule.nextFireTime === null || logicalTime < schedule.nextFireTime
  const reason = isDecided
    ? DECIDED
    : !schedule.isEnabled
      ? PAUSED
      : isMissed
        ? whyMissed(catchingUp(schedule).catchUp)
        : null
  if (reason === null) return await startAt(db, transaction, job, schedule, logicalTime, workflow)
  if (!isDecided) await decide(db, transaction, schedule, { decision: 'SKIPPED', logicalTime, message: reason })
  // Late, it stands for the newest, though somebody else has seen to its own time.
  const due = schedule.isEnabled && isMissed ? times.filter((time) => isOpen(schedule, time)) : []
  const [time] = await undecidedAmong(db, transaction, schedule.scheduleId, due)
  if (time === undefined) return leftOut(reason)
  return await startAt(db, transaction, job, schedule, new Date(time), workflow)
}

const DECIDED = 'It was decided before what it starts.'

function isOpen({ nextFireTime }: JobScheduleRow, time: number): boolean {
  return nextFireTime !== null && time >= nextFireTime.getTime()
}

/** The job and the schedule must be locked. */
export async function startAt(
  db: Database,
  transaction: Transaction,
  job: JobRow,
  schedule: JobScheduleRow,
  logicalTime: Date,
  workflow: WorkflowReference | null,
): Promise<Fired> {
  const key = triggerKeyOf(schedule.scheduleId, logicalTime)
  const { executionId, message, isToStart, toCancel } = await startBySchedule(db, transaction, job, schedule, {
    triggerType: 'CRON',
    key,
    logicalTime,
    isScheduledTime: true,
  })
  if (executionId === null || (!isToStart && workflow !== null)) {
    const said = message ?? 'It was left out.'
    if (executionId === null)
      await decide(db, transaction, schedule, { decision: 'SKIPPED', logicalTime, message: said })
    return leftOut(said)
  }
  // From now on it is the workflow's: nobody starts another one for it, and people reach it there.
  if (workflow !== null) await db.tables.jobExecution.update({ ...workflow }, { where: { executionId }, transaction })
  return { isStarted: true, jobId: job.jobId, executionId, isToStart: isToStart && workflow === null, toCancel }
}

async function startedAt(
  db: Database,
  transaction: Transaction,
  { scheduleId }: JobScheduleRow,
  logicalTime: Date,
): Promise<JobExecutionRow | null> {
  const triggerKey = triggerKeyOf(scheduleId, logicalTime)
  return (await db.tables.jobExecution.findOne({ where: { triggerKey }, transaction }))?.get() ?? null
}

/** A workflow that came late may have been given another time than its own. */
async function startedBy(
  db: Database,
  transaction: Transaction,
  { scheduleId }: JobScheduleRow,
  { workflow, logicalTime }: Fire,
): Promise<JobExecutionRow | null> {
  if (workflow === null) return null
  const where = { scheduleId, logicalTime: { [Op.gt]: logicalTime }, workflowId: workflow.workflowId }
  return (await db.tables.jobExecution.findOne({ where, transaction }))?.get() ?? null
}

function isOf({ workflowId }: JobExecutionRow, workflow: WorkflowReference | null): boolean {
  return workflow !== null && workflowId === workflow.workflowId
}

function sameAgain({ jobId, executionId }: JobExecutionRow): Fired {
  return { isStarted: true, jobId, executionId, isToStart: false, toCancel: [] }
}

function leftOut(reason: string): Fired {
  return { isStarted: false, reason }
}

/** Times may come out of order; `next_fire_time` is the first of which nothing is known. */
async function advance(db: Database, transaction: Transaction, schedule: JobScheduleRow, now: Date): Promise<void> {
  const { scheduleId, nextFireTime } = schedule
  if (nextFireTime === null) return
  const calendar = calendarOf(schedule)
  const times = fires(calendar, nextFireTime.getTime() - 1, AT_ONCE)
  const decided = await decidedAmong(
    db,
    transaction,
    scheduleId,
    times.filter((time) => time <= now.getTime() + AHEAD_MS),
  )
  const index = times.findIndex((time) => !decided.has(time))
  const next = index >= 0 ? times[index]! : (fires(calendar, times.at(-1)!, 1)[0] ?? null)
  if (next === nextFireTime.getTime()) return
  const change = { nextFireTime: next === null ? null : new Date(next) }
  await db.tables.jobSchedule.update(change, { where: { scheduleId }, transaction })
}

const AT_ONCE = 64
/** Clocks of several machines differ. */
const AHEAD_MS = 60_000

/** Times, of several, that have neither an execution nor a reason why not. */
export async function undecidedAmong(
  db: Database,
  transaction: Transaction,
  scheduleId: string,
  times: readonly number[],
): Promise<readonly number[]> {
  const decided = await decidedAmong(db, transaction, scheduleId, times)
  return times.filter((time) => !decided.has(time))
}

async function decidedAmong(
  db: Database,
  transaction: Transaction,
  scheduleId: string,
  times: readonly number[],
): Promise<ReadonlySet<number>> {
  if (times.length === 0) return new Set()
  const dates = times.map((time) => new Date(time))
  const executions = await db.tables.jobExecution.findAll({
    attributes: ['logicalTime'],
    where: { triggerKey: { [Op.in]: dates.map((date) => triggerKeyOf(scheduleId, date)) } },
    transaction,
  })
  const decisions = await db.tables.scheduleDecision.findAll({
    attributes: ['logicalTime'],
    where: { scheduleId, decision: 'SKIPPED', logicalTime: { [Op.in]: dates } },
    transaction,
  })
  return new Set([...executions, ...decisions].map((row) => row.get().logicalTime.getTime()))
}
