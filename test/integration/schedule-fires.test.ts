/** Times of a schedule become executions, once each, whoever asks and how often; those that were missed as the schedule says. */
import { describe, expect, test } from '@jest/globals'
import { fires } from '../../core/schedule/fires.js'
import { type Database, openDatabase } from '../../models/database.js'
import { jobStore } from '../../models/stores/job-store.js'
import { type ScheduleStore, scheduleStore } from '../../models/stores/schedule-store.js'
import { withMigratedDatabase } from '../support/lend.js'
import { jobSecrets, sampleJob } from '../support/sample-job.js'
import { untold } from '../support/untold.js'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

test('a time asked for by many at once makes one execution, which belongs to the workflow that asked first', async () => {
  await withSchedule({ cron: '0 * * * * ?' }, async ({ schedules, scheduleId, database }) => {
    const time = await nextFire(database)
    const ask = (workflowId: string) =>
      schedules.fire({ scheduleId, logicalTime: time, workflow: { workflowId, runId: 'r' }, now: time })
    const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => ask(`w${index % 4}`)))
    const rows = await database.tables.jobExecution.findAll()
    expect(rows).toHaveLength(1)
    const { workflowId, executionId, triggerType, isScheduledTime } = rows[0]!.get()
    expect({ triggerType, isScheduledTime }).toEqual({ triggerType: 'CRON', isScheduledTime: true })
    expect(answers.filter(({ isStarted }) => isStarted)).toHaveLength(5)
    expect(await ask(workflowId!)).toMatchObject({ isStarted: true, executionId, isToStart: false })
    const row = (await database.tables.jobSchedule.findOne())!.get()
    expect(row).toMatchObject({ fireCount: 1, lastExecutionId: executionId })
    expect(row.nextFireTime).toEqual(new Date(time.getTime() + MINUTE))
  })
})

test('times that come out of order are all known in the end', async () => {
  await withSchedule(
    { cron: '* * * * * ?', catchUp: 'ALL', maxConcurrentRuns: 50 },
    async ({ schedules, scheduleId, database }) => {
      const first = (await nextFire(database)).getTime()
      const times = Array.from({ length: 12 }, (_, index) => first + index * 1000)
      const mixed = [...times].sort((a, b) => (a % 7000) - (b % 7000))
      for (const time of mixed) {
        const logicalTime = new Date(time)
        const workflow = { workflowId: `w${time}`, runId: 'r' }
        await schedules.fire({ scheduleId, logicalTime, workflow, now: new Date(times.at(-1)!) })
      }
      expect(await database.tables.jobExecution.count()).toBe(12)
      expect(await nextFire(database)).toEqual(new Date(times.at(-1)! + 1000))
    },
  )
})

test('the next time that people are shown is to come, though earlier ones are still to be looked at', async () => {
  await withSchedule({ cron: '0 0 * * * ?' }, async ({ schedules, scheduleId, database }) => {
    await database.tables.jobSchedule.update(
      { nextFireTime: new Date(Date.now() - 5 * HOUR) },
      { where: { scheduleId } },
    )
    const { nextFireTime } = await schedules.get(scheduleId)
    expect(Date.parse(nextFireTime!)).toBeGreaterThan(Date.now())
    await schedules.setEnabled(scheduleId, false, { userId: null })
    expect(await schedules.get(scheduleId)).toMatchObject({ nextFireTime: null })
  })
})

test('a time that the calendar does not have, or not any more, starts nothing, nor does one while it is paused', async () => {
  await withSchedule(
    { cron: '0 0 5 * * ?', timezone: 'Europe/Berlin' },
    async ({ schedules, scheduleId, database }) => {
      const time = await nextFire(database)
      const fire = (logicalTime: Date) =>
        schedules.fire({ scheduleId, logicalTime, workflow: { workflowId: 'w', runId: 'r' }, now: logicalTime })
      expect(await fire(new Date(time.getTime() + HOUR))).toMatchObject({ isStarted: false })
      await schedules.setEnabled(scheduleId, false, { userId: null })
      expect(await fire(time)).toEqual({ isStarted: false, reason: 'The schedule was paused.' })
      expect((await schedules.decisions(scheduleId, {})).items).toMatchObject([
        { decision: 'SKIPPED', message: 'The schedule was paused.' },
      ])
      expect(await schedules.fire({ scheduleId: 'gone', logicalTime: time, workflow: null, now: time })).toMatchObject({
        isStarted: false,
      })
      expect(await database.tables.jobExecution.count()).toBe(0)
    },
  )
})

describe('times that passed while nobody looked', () => {
  test.each([
    ['NONE', []],
    ['LAST', [5]],
    ['ALL(3)', [3, 4, 5]],
    ['ALL', [0, 1, 2, 3, 4, 5]],
  ] as const)('are made up for under catchUp: %s', async (catchUp, indexes) => {
    await withSchedule({ cron: '0 0 * * * ?', catchUp }, async ({ schedules, database }) => {
      const first = (await nextFire(database)).getTime()
      const now = new Date(first + 5 * HOUR + 10 * MINUTE)
      // Two that look at once find it once.
      const found = (await Promise.all([schedules.catchUp(now, untold), schedules.catchUp(now, untold)])).flat()
      expect(found).toMatchObject([{ count: 6, jobName: 'scheduled' }])
      expect(found[0]!.madeUp.every((fired) => fired.isStarted && fired.isToStart)).toBe(true)
      expect(await executedTimes(database)).toEqual(indexes.map((index) => first + index * HOUR))
      expect(await nextFire(database)).toEqual(new Date(first + 6 * HOUR))
      const { scheduleId } = (await database.tables.jobSchedule.findOne())!.get()
      expect((await schedules.decisions(scheduleId, {})).items).toMatchObject([{ decision: 'MISSED' }])
      // Somebody who was asked long ago comes after all.
      const late = { scheduleId, workflow: { workflowId: 'w', runId: 'r' }, now }
      for (let index = 0; index < 6; index++)
        expect(await schedules.fire({ ...late, logicalTime: new Date(first + index * HOUR) })).toMatchObject({
          isStarted: false,
        })
      expect(await schedules.catchUp(now, untold)).toEqual([])
    })
  })

  test.each([
    ['LAST', 1],
    ['ALL(3)', 3],
  ])('are made up for as under catchUp: %s however many there are', async (catchUp, count) => {
    await withSchedule({ cron: '* * * * * ?', catchUp }, async ({ schedules, database }) => {
      const first = (await nextFire(database)).getTime()
      const now = new Date(first + 6 * HOUR)
      const missed: number[] = []
      for (let found = await schedules.catchUp(now, untold); found.length > 0; ) {
        missed.push(found[0]!.count)
        found = await schedules.catchUp(now, untold)
      }
      // Those of the last minute may be on their way.
      const overdue = (6 * HOUR - MINUTE) / 1000 + 1
      expect(missed.reduce((sum, one) => sum + one)).toBe(overdue)
      const newest = first + (overdue - 1) * 1000
      const times = await executedTimes(database)
      expect(times.length).toBeLessThanOrEqual(count)
      expect(times.every((time) => time > newest - count * 1000)).toBe(true)
    })
  })

  test('are the newest ones as well where times come faster than they are looked for, and each starts once', async () => {
    await withSchedule({ cron: '*/20 * * * * ?' }, async ({ schedules, scheduleId, database }) => {
      const first = (await nextFire(database)).getTime()
      const times = Array.from({ length: 8 }, (_, index) => first + index * 20_000)
      const fire = (time: number, now: number) =>
        schedules.fire({
          scheduleId,
          logicalTime: new Date(time),
          workflow: { workflowId: `w${time}`, runId: 'r' },
          now: new Date(now),
        })
      const started: (string | null)[] = []
      for (const time of times) {
        const now = time + 70_000
        const [fired, again] = [await fire(time, now), await fire(time, now)]
        expect(again).toEqual(fired.isStarted ? { ...fired, toCancel: [] } : fired)
        started.push(fired.isStarted ? fired.executionId : null)
      }
      const stoodFor = times.map((time) => time + 60_000)
      expect(await executedTimes(database)).toEqual(stoodFor)
      expect(new Set(started).size).toBe(8)
      const [{ count } = { count: 0 }] = await schedules.catchUp(new Date(times.at(-1)! + 300_000), untold)
      expect(count).toBeGreaterThan(0)
      expect((await executedTimes(database)).at(-1)).toBe(times.at(-1)! + 300_000)
      expect(await executedTimes(database)).toHaveLength(9)
    })
  })

  test('are none while a time may still be on its way', async () => {
    await withSchedule({ cron: '0 0 * * * ?' }, async ({ schedules, database }) => {
      const first = (await nextFire(database)).getTime()
      expect(await schedules.catchUp(new Date(first + 50_000), untold)).toEqual([])
      expect(await schedules.catchUp(new Date(first + 70_000), untold)).toMatchObject([{ count: 1 }])
    })
  })

  test('are made up for when a paused schedule goes on, unless catchUp is NONE', async () => {
    for (const [catchUp, count] of [
      ['NONE', 0],
      ['LAST', 1],
    ] as const) {
      await withSchedule({ cron: '0 0 * * * ?', catchUp }, async ({ schedules, scheduleId, database }) => {
        await schedules.setEnabled(scheduleId, false, { userId: null })
        const past = new Date(Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR)
        await database.tables.jobSchedule.update({ nextFireTime: past }, { where: { scheduleId } })
        expect(await schedules.catchUp(new Date(), untold)).toEqual([])
        await schedules.setEnabled(scheduleId, true, { userId: null })
        await schedules.catchUp(new Date(Date.now() + 2 * MINUTE), untold)
        expect(await database.tables.jobExecution.count()).toBe(count)
        expect((await nextFire(database)).getTime()).toBeGreaterThan(Date.now())
      })
    }
  })
})

describe('the past', () => {
  const range = { from: new Date('2026-03-01T00:00:00Z'), to: new Date('2026-03-10T23:00:00Z') }
  const wanted = { ...range, maxConcurrentRuns: 3, createdBy: null }

  test('is filled so many at a time, in order, through whoever goes on with it, after what runs in its turn', async () => {
    await withSchedule({ cron: '0 0 5 * * ?', maxConcurrentRuns: 9 }, async ({ schedules, scheduleId, database }) => {
      const { backfillId, total } = await schedules.createBackfill({ ...wanted, scheduleId, reprocess: 'MISSING' })
      expect(total).toBe(10)
      for (let round = 0; round < 6; round++) {
        // Several processes, and one that starts anew.
        await Promise.all([schedules.advanceBackfills(untold), scheduleStore(database).advanceBackfills(untold)])
        const live = await database.tables.jobExecution.count({ where: { executionStatus: 'CREATED' } })
        expect(live).toBeLessThanOrEqual(3)
        await database.execute(
          "UPDATE etl_job_execution SET execution_status = 'COMPLETED' WHERE execution_status = 'CREATED'",
        )
      }
      expect(await executedTimes(database)).toEqual(
        fires({ cron: '0 0 5 * * ?', timezone: 'UTC', startAt: null, endAt: null }, range.from.getTime(), 10),
      )
      expect(await schedules.backfill(backfillId)).toMatchObject({ status: 'COMPLETED', executions: { COMPLETED: 10 } })
      const [row] = await database.tables.jobExecution.findAll()
      expect(row!.get()).toMatchObject({ triggerType: 'BACKFILL', priority: -1000, backfillId, isScheduledTime: true })
      expect((await database.tables.jobSchedule.findOne())!.get()).toMatchObject({
        fireCount: 0,
        lastExecutionId: null,
      })
    })
  })

  test('is filled between the start and the end of the schedule only, as the plan says', async () => {
    const bounds = { startAt: '2026-03-03T12:00:00Z', endAt: '2026-03-08T04:00:00Z' }
    await withSchedule({ cron: '0 0 5 * * ?', ...bounds }, async ({ schedules, scheduleId, database }) => {
      const fill = { ...wanted, maxConcurrentRuns: 50, scheduleId, reprocess: 'MISSING' } as const
      const planned = await schedules.planBackfill(fill)
      expect(planned.map(({ logicalTime }) => logicalTime.slice(8, 10))).toEqual(['04', '05', '06', '07'])
      await schedules.createBackfill(fill)
      for (let step = 0; step < 2; step++) await schedules.advanceBackfills(untold)
      expect(await executedTimes(database)).toEqual(planned.map(({ logicalTime }) => Date.parse(logicalTime)))
    })
  })

  test('is filled over changes of clocks as it would have been: what comes twice, and what does not come', async () => {
    for (const cron of ['0 0/30 1-3 * * ?', '30 2 * * *'])
      await withSchedule({ cron, timezone: 'Europe/Berlin' }, async ({ schedules, scheduleId, database }) => {
        const calendar = { cron, timezone: 'Europe/Berlin', startAt: null, endAt: null }
        const expected: number[] = []
        for (const day of ['2025-10-26', '2026-03-29']) {
          const from = new Date(`${day}T00:00:00Z`)
          const to = new Date(from.getTime() + 3 * HOUR)
          expected.push(...fires(calendar, from.getTime() - 1, 50).filter((time) => time <= to.getTime()))
          const fill = { from, to, scheduleId, maxConcurrentRuns: 2, reprocess: 'MISSING', createdBy: null } as const
          const { total } = await schedules.createBackfill(fill)
          for (let step = 0; step < total + 2; step++) {
            await schedules.advanceBackfills(untold)
            await database.execute("UPDATE etl_job_execution SET execution_status = 'COMPLETED'")
          }
        }
        expect(await executedTimes(database)).toEqual(expected)
      })
  }, 120_000)

  test('is filled again where that was asked for: what failed, or all', async () => {
    await withSchedule({ cron: '0 0 5 * * ?', maxConcurrentRuns: 50 }, async ({ schedules, scheduleId, database }) => {
      const fill = async (reprocess: 'MISSING' | 'FAILED' | 'ALL') => {
        const { total } = await schedules.createBackfill({ ...wanted, maxConcurrentRuns: 50, scheduleId, reprocess })
        const started = (await schedules.advanceBackfills(untold)).length
        await database.execute(
          "UPDATE etl_job_execution SET execution_status = 'COMPLETED' WHERE execution_status = 'CREATED'",
        )
        await schedules.advanceBackfills(untold)
        return [total, started]
      }
      expect(await fill('MISSING')).toEqual([10, 10])
      await database.execute("UPDATE etl_job_execution SET execution_status = 'FAILED' ORDER BY id LIMIT 2")
      expect(await fill('MISSING')).toEqual([0, 0])
      expect(await fill('FAILED')).toEqual([2, 2])
      expect(await fill('FAILED')).toEqual([0, 0])
      expect(await fill('ALL')).toEqual([10, 10])
    })
  })

  test('is left alone once that is cancelled, and neither skips nor cancels what runs in its turn', async () => {
    await withSchedule({ cron: '0 0 5 * * ?', overlap: 'SKIP' }, async ({ schedules, scheduleId, database }) => {
      const { backfillId } = await schedules.createBackfill({ ...wanted, scheduleId, reprocess: 'MISSING' })
      expect(await schedules.advanceBackfills(untold)).toHaveLength(3)
      const time = await nextFire(database)
      expect(await schedules.fire({ scheduleId, logicalTime: time, workflow: null, now: time })).toMatchObject({
        isStarted: true,
        isToStart: true,
        toCancel: [],
      })
      expect(await schedules.cancelBackfill(backfillId)).toHaveLength(3)
      await database.execute("UPDATE etl_job_execution SET execution_status = 'CANCELLED'")
      expect(await schedules.advanceBackfills(untold)).toEqual([])
      expect(await schedules.backfill(backfillId)).toMatchObject({ status: 'CANCELLED', executions: { CANCELLED: 3 } })
    })
  })

  test('is not filled where there are no times, too many, or some that are still to come', async () => {
    await withSchedule({ cron: '* * * * * ?' }, async ({ schedules, scheduleId }) => {
      const plan = (from: string, to: string) =>
        schedules.planBackfill({ ...wanted, scheduleId, reprocess: 'ALL', from: new Date(from), to: new Date(to) })
      await expect(plan('2026-01-01T00:00:00Z', '2026-01-02T00:00:00Z')).rejects.toMatchObject({
        code: 'usage.invalid',
      })
      await expect(plan('2026-01-02T00:00:00Z', '2026-01-01T00:00:00Z')).rejects.toMatchObject({ pointer: '/to' })
      await expect(plan('2026-01-02T00:00:00Z', '2999-01-01T00:00:00Z')).rejects.toMatchObject({ pointer: '/to' })
    })
  })
})

interface Lent {
  readonly database: Database
  readonly schedules: ScheduleStore
  readonly scheduleId: string
}

interface Wanted {
  readonly cron: string
  readonly timezone?: string
  readonly catchUp?: string
  readonly startAt?: string
  readonly endAt?: string
  readonly maxConcurrentRuns?: number
  readonly overlap?: 'SKIP'
}

async function withSchedule(
  { cron, timezone, catchUp, startAt, endAt, ...settings }: Wanted,
  body: (lent: Lent) => Promise<void>,
) {
  await withMigratedDatabase(async (url) => {
    const database = await openDatabase(url)
    try {
      const job = sampleJob({ name: 'scheduled', ...settings })
      const said = Object.entries({ timezone, catchUp, startAt, endAt }).filter(([, value]) => value !== undefined)
      const schedule = { type: 'CRON', cron, ...Object.fromEntries(said) }
      await jobStore(database, jobSecrets).save({ ...job, spec: { ...job.spec, schedule } })
      const { scheduleId } = (await database.tables.jobSchedule.findOne())!.get()
      await body({ database, schedules: scheduleStore(database), scheduleId })
    } finally {
      await database.close()
    }
  })
}

async function nextFire(database: Database): Promise<Date> {
  return (await database.tables.jobSchedule.findOne())!.get().nextFireTime!
}

async function executedTimes(database: Database): Promise<number[]> {
  const rows = await database.tables.jobExecution.findAll({ order: [['id', 'ASC']] })
  return rows.map((row) => row.get().logicalTime.getTime())
}
