/** An event from outside: a fact first, then what it starts. The same id counts once, whoever sends it how often. */
import { createHash } from 'node:crypto'
import type { Transaction } from 'sequelize'
import { isJobError } from '../../../core/errors/job-error.js'
import type { Database } from '../../database.js'
import type { TriggerEventRow } from '../../tables/system.js'
import { lockJob } from '../journal/ownership.js'
import { wholeOf } from '../schedule/readable.js'
import { eachSchedule, type Told } from '../schedule/troubles.js'
import { claim, findFact, markHandled } from './facts.js'
import { PAUSED, skip, startBySchedule, type Triggered } from './start-by-schedule.js'

export interface OutsideEvent {
  readonly id: string
  readonly type: string
  readonly time: Date
  readonly payload: Readonly<Record<string, unknown>>
}

/** Whether a condition of a schedule holds for an event; throws where it cannot be told. */
export type Matches = (where: string, payload: Readonly<Record<string, unknown>>) => Promise<boolean>

/** Apart from executions, which are facts under their own ids. */
export const outsideId = (id: string) => `event/${id}`

/** False: it is there already. */
export async function recordEvent(db: Database, { id, type, time, payload }: OutsideEvent): Promise<boolean> {
  const inserted = await db.execute(
    `INSERT IGNORE INTO etl_trigger_event (event_id, event_type, logical_time, payload, event_time)
     VALUES (:eventId, :type, :time, :payload, :time)`,
    { eventId: outsideId(id), type, time, payload: JSON.stringify(payload) },
  )
  return inserted > 0
}

/**
 * Each job in a transaction of its own: what one of them refuses is no matter of the others. Where one fails, the event stays
 * to be handled.
 */
export async function startByEvent(
  db: Database,
  eventId: string,
  matches: Matches,
  told: Told,
): Promise<readonly Triggered[]> {
  const fact = await findFact(db, eventId)
  if (fact === null || fact.isHandled) return []
  const waiting = await db.query<{ jobId: string; scheduleId: string }>(
    `SELECT s.job_id AS jobId, s.schedule_id AS scheduleId FROM etl_job_schedule s JOIN etl_job j ON j.job_id = s.job_id
      WHERE s.schedule_type = 'EVENT' AND s.event_type = :type AND j.is_deleted = 0 AND s.create_time <= :since
      ORDER BY s.id`,
    { type: fact.eventType, since: fact.createTime },
  )
  const started: Triggered[] = []
  const start = async ({ jobId }: { readonly jobId: string }) => {
    const triggered = await startJob(db, jobId, fact, matches)
    if (triggered !== null) started.push(triggered)
  }
  const { failed } = await eachSchedule(db, waiting, () => 'EVENT', start, told)
  if (failed === 0) await markHandled(db, eventId)
  return started
}

/** null: the event is none of its business, or it has been handled before. */
async function startJob(
  db: Database,
  jobId: string,
  fact: TriggerEventRow,
  matches: Matches,
): Promise<Triggered | null> {
  const stored = await db.tables.jobSchedule.findOne({ attributes: ['eventFilter'], where: { jobId } })
  const filter = stored?.get().eventFilter ?? null
  // Judged without a lock: a condition may take its time.
  const verdict = await judge(filter, fact.payload ?? {}, matches)
  if (verdict === 'no') return null
  return await db.transaction(async (transaction) => {
    const job = await lockJob(db, transaction, jobId)
    const row = await db.tables.jobSchedule.findOne({ where: { jobId, scheduleType: 'EVENT' }, transaction })
    if (job.isDeleted || row === null || (await isClaimed(db, transaction, fact.eventId, jobId))) return null
    const eventIds = [fact.eventId]
    const nothing = { jobId, executionId: null, triggerType: 'EVENT', isToStart: false, toCancel: [] } as const
    const schedule = wholeOf(row)
    const message = !schedule.isEnabled ? PAUSED : verdict === 'yes' ? null : verdict.failed
    if (message !== null) {
      await claim(db, transaction, { jobId, eventIds, executionId: null, message })
      await skip(db, transaction, schedule, fact.eventTime, message)
      return { ...nothing, message }
    }
    const triggered = await startBySchedule(db, transaction, job, schedule, {
      triggerType: 'EVENT',
      key: `event/${jobId}/${digest(fact.eventId)}`,
      logicalTime: fact.eventTime,
      isScheduledTime: false,
      event: eventOf(fact),
    })
    await claim(db, transaction, { ...triggered, eventIds })
    if (triggered.executionId === null) await skip(db, transaction, schedule, fact.eventTime, triggered.message)
    return triggered
  })
}

/** All else is tried again. */
const ITS_FAULT: readonly string[] = ['sql.invalid', 'sql.refused', 'record.bad', 'memory.exhausted']

/** Ids may be as long as a key, and are remembered by it when the fact is gone. */
const digest = (eventId: string) => createHash('sha256').update(eventId).digest('hex')

async function judge(
  where: string | null,
  payload: Readonly<Record<string, unknown>>,
  matches: Matches,
): Promise<'yes' | 'no' | { readonly failed: string }> {
  if (where === null) return 'yes'
  try {
    return (await matches(where, payload)) ? 'yes' : 'no'
  } catch (error) {
    if (!isJobError(error) || !ITS_FAULT.includes(error.code)) throw error
    return { failed: `The condition \`${where}\` could not be judged: ${error.message}` }
  }
}

async function isClaimed(db: Database, transaction: Transaction, eventId: string, jobId: string): Promise<boolean> {
  return (await db.tables.triggerEvent.count({ where: { eventId, downstreamJobId: jobId }, transaction })) > 0
}

/** What `${event.…}` looks into: the fields of the payload, and beside them what every event has. */
function eventOf({ eventId, eventType, eventTime, payload }: TriggerEventRow): Readonly<Record<string, unknown>> {
  return { id: eventId.slice(outsideId('').length), type: eventType, time: eventTime.toISOString(), ...payload }
}
