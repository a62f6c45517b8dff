/** Times of calendars that nobody has looked at: who should have done so was away. They are made up for as the schedule says. */
import { Op } from 'sequelize'
import { fires } from '../../../core/schedule/fires.js'
import { settledMs, timesMadeUp } from '../../../core/schedule/missed.js'
import type { Database } from '../../database.js'
import type { JobScheduleRow } from '../../tables/jobs.js'
import { lockJob } from '../journal/ownership.js'
import { calendarOf, catchingUp } from './calendar-of.js'
import { decide } from './decisions.js'
import { type Fired, lockSchedule, startAt, undecidedAmong } from './fire.js'
import { eachSchedule, type Told } from './troubles.js'

export interface Missed {
  readonly scheduleId: string
  readonly jobId: string
  readonly jobName: string
  readonly count: number
  /** The newest of them. */
  readonly logicalTime: Date
  readonly madeUp: readonly Fired[]
  readonly message: string
}

/** Of every schedule of which a time is overdue; `now` is ahead of it by more than a grace. */
export async function catchUp(db: Database, now: Date, told: Told): Promise<readonly Missed[]> {
  const missed: Missed[] = []
  // All of them: those that fail every time must not stand before the others for ever.
  for (let after = '0'; ; ) {
    const rows = await overdueAfter(db, after, now)
    const work = async (row: Overdue) => {
      const found = await catchUpOne(db, row, now)
      if (found !== null) missed.push(found)
    }
    await eachSchedule(db, rows, () => 'CATCH_UP', work, told)
    if (rows.length < SCHEDULES_AT_ONCE) return missed
    after = rows.at(-1)!.id
  }
}

const SCHEDULES_AT_ONCE = 200

type Overdue = Pick<JobScheduleRow, 'id' | 'jobId' | 'scheduleId'>

async function overdueAfter(db: Database, after: string, now: Date): Promise<readonly Overdue[]> {
  const rows = await db.tables.jobSchedule.findAll({
    attributes: ['id', 'jobId', 'scheduleId'],
    where: {
      id: { [Op.gt]: after },
      isEnabled: true,
      scheduleType: 'CRON',
      nextFireTime: { [Op.lt]: new Date(now.getTime() - settledMs(0)) },
    },
    order: [['id', 'ASC']],
    limit: SCHEDULES_AT_ONCE,
  })
  return rows.map((row) => row.get())
}

/** In one transaction; what is left is for the next pass. */
const MADE_UP_AT_ONCE = 50
const LOOKED_AT_ONCE = 20_000

async function catchUpOne(db: Database, { jobId, scheduleId }: Overdue, now: Date): Promise<Missed | null> {
  return await db.transaction(async (transaction) => {
    const job = await lockJob(db, transaction, jobId)
    const schedule = await lockSchedule(db, transaction, scheduleId)
    if (schedule === null || job.isDeleted || !schedule.isEnabled || schedule.nextFireTime === null) return null
    const calendar = calendarOf(schedule)
    const come = fires(calendar, schedule.nextFireTime.getTime() - 1, LOOKED_AT_ONCE).filter(
      (time) => time <= now.getTime(),
    )
    const overdue = come.filter((time) => time <= now.getTime() - settledMs(schedule.jitterMs))
    if (overdue.length === 0) return null
    const policy = catchingUp(schedule).catchUp
    const newest = timesMadeUp(catchingUp(schedule), come[0]!, now.getTime())
    // Of more than are looked at, the others are for the next pass. Of those looked at, the newest may be on its way: it is
    // started all the same, as whoever is late may be late for ever, and its own workflow then finds it started.
    const wanted = (await undecidedAmong(db, transaction, scheduleId, newest)).filter((time) => time <= come.at(-1)!)
    const chosen = wanted.slice(0, MADE_UP_AT_ONCE)
    const overdueTo = overdue.at(-1)!
    const upTo = wanted.length > chosen.length ? Math.min(chosen.at(-1)!, overdueTo) : overdueTo
    const madeUp: Fired[] = []
    for (const time of chosen) madeUp.push(await startAt(db, transaction, job, schedule, new Date(time), null))
    const count = overdue.filter((time) => time <= upTo).length
    const logicalTime = new Date(upTo)
    const started = madeUp.filter(({ isStarted }) => isStarted).length
    const message = `${times(count)} up to ${logicalTime.toISOString()} passed without a start; ${started} of them made up for (catchUp: ${policy.mode}).`
    await decide(db, transaction, schedule, { decision: 'MISSED', logicalTime, message })
    const [next] = fires(calendar, upTo, 1)
    const nextFireTime = next === undefined ? null : new Date(next)
    await db.tables.jobSchedule.update({ nextFireTime }, { where: { scheduleId }, transaction })
    return { scheduleId, jobId, jobName: job.jobName, count, logicalTime, madeUp, message }
  })
}

function times(count: number): string {
  return count === 1 ? 'A time' : `${count} times`
}
