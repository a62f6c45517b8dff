/** A schedule that cannot be read, or that fails, holds up no other: it is noted with it, once, and tried again. */
import { expect, test } from '@jest/globals'
import type { HeldSchedule, ScheduleControl } from '../../api/schedules/schedule-control.js'
import { syncSchedules } from '../../api/schedules/sync.js'
import type { Database } from '../../models/database.js'
import { openDatabase } from '../../models/database.js'
import { executionStore } from '../../models/stores/execution-store.js'
import { jobStore } from '../../models/stores/job-store.js'
import { scheduleStore, type Trouble } from '../../models/stores/schedule-store.js'
import { triggerStore } from '../../models/stores/trigger-store.js'
import { withMigratedDatabase } from '../support/lend.js'
import { jobSecrets, sampleJob } from '../support/sample-job.js'

const hourly = { type: 'CRON', cron: '0 0 * * * ?', catchUp: 'ALL' }
const HOUR = 3_600_000

test('an expression that nobody can read is noted, and the others are written to Temporal', async () => {
  await withJobs([hourly, hourly, hourly], async ({ database, schedules, ids, told }) => {
    await breakRow(database, ids[1]!, "cron_expression = 'nonsense', parameters = '{'")
    const written: string[] = []
    const at = { held: heldIn(written), schedules, nowMs: Date.now, told: told.push.bind(told) }
    for (let pass = 0; pass < 2; pass++) await syncSchedules(at as never)
    expect(new Set(written)).toEqual(new Set([ids[0], ids[2]].map((id) => id)))
    expect(told).toHaveLength(1)
    await breakRow(database, ids[1]!, "parameters = '{}'")
    expect((await schedules.get(ids[1]!)).troubles).toMatchObject([
      { what: 'HELD', message: expect.stringContaining('`nonsense` cannot be read') },
    ])
    await breakRow(database, ids[1]!, "cron_expression = '0 0 5 * * ?'")
    await syncSchedules(at as never)
    expect((await schedules.get(ids[1]!)).troubles).toEqual([])
    expect(written).toContain(ids[1])
  })
})

test('a row that cannot be read is listed beside the others, can be paused, and is mended by saving its job', async () => {
  const after = (name: string) => ({ type: 'DEPENDENCY', on: [name] })
  await withJobs([hourly, after('job-0'), hourly], async ({ database, schedules, ids }) => {
    const list = async () => [...(await schedules.list({ limit: 10 })).items].reverse()
    await breakRow(database, ids[0]!, "parameters = 'secret'")
    await breakRow(database, ids[1]!, `dependency_job_ids = '{}', dependency_config = '"ALL"', parameters = '[1]'`)
    const listed = await list()
    expect(listed.map(({ scheduleId }) => scheduleId)).toEqual(ids)
    expect(listed).toMatchObject([
      {
        cron: '0 0 * * * ?',
        parameters: {},
        troubles: [{ what: 'ROW', message: expect.stringContaining('`parameters`') }],
      },
      {
        dependsOn: [],
        dependency: null,
        troubles: [{ message: expect.stringContaining('`dependency_job_ids`, `dependency_config`, `parameters`') }],
      },
      { troubles: [] },
    ])
    expect(JSON.stringify(listed)).not.toContain('secret')
    for (const id of ids.slice(0, 2)) {
      await schedules.setEnabled(id, false, { userId: null })
      expect(await schedules.get(id)).toMatchObject({ isEnabled: false, troubles: [{ what: 'ROW' }] })
      await expect(schedules.triggerNow(id, 'now', { userId: null })).rejects.toThrow('cannot be read')
    }
    // Whoever is downstream of it is saved all the same; so is it itself, and that mends it.
    const jobs = jobStore(database, jobSecrets)
    const job = sampleJob({ name: 'last' })
    await jobs.save({ ...job, spec: { ...job.spec, schedule: after('job-1') } })
    for (const [index, schedule] of [hourly, after('job-0')].entries()) {
      const { jobId } = listed[index]!
      const renewed = sampleJob({ name: `job-${index}` })
      await jobs.save({ ...renewed, description: 'anew', jobId, spec: { ...renewed.spec, schedule } })
    }
    const mended = await list()
    expect(mended.map(({ troubles }) => troubles.length)).toEqual([0, 0, 0, 0])
    expect(mended[1]).toMatchObject({ dependsOn: [{ jobName: 'job-0' }], isEnabled: false })
  })
})

test('missed times are made up for beside a schedule that fails', async () => {
  await withJobs([hourly, hourly, hourly], async ({ database, schedules, ids, told }) => {
    await database.execute('UPDATE etl_job_schedule SET next_fire_time = next_fire_time - INTERVAL 3 HOUR')
    await breakRow(database, ids[0]!, "parameters = '{'")
    for (let pass = 0; pass < 2; pass++) {
      const missed = await schedules.catchUp(new Date(), (trouble) => told.push(trouble))
      if (pass === 0) expect(missed.map(({ scheduleId }) => scheduleId)).toEqual(ids.slice(1))
    }
    expect(told).toMatchObject([{ scheduleId: ids[0], trouble: 'CATCH_UP' }])
    await breakRow(database, ids[0]!, "parameters = '{}'")
    expect(await schedules.catchUp(new Date(), (trouble) => told.push(trouble))).toMatchObject([
      { scheduleId: ids[0], madeUp: [{ isStarted: true }, { isStarted: true }, { isStarted: true }] },
    ])
    expect(told).toHaveLength(1)
    expect((await schedules.get(ids[0]!)).troubles).toEqual([])
  })
})

test('a backfill that fails holds up no other', async () => {
  await withJobs([hourly, hourly], async ({ database, schedules, ids, told }) => {
    const [from, to] = [new Date(Date.now() - 3 * HOUR), new Date()]
    const wanted = { from, to, maxConcurrentRuns: 5, reprocess: 'MISSING', createdBy: null } as const
    const broken = await schedules.createBackfill({ ...wanted, scheduleId: ids[0]! })
    await schedules.createBackfill({ ...wanted, scheduleId: ids[1]! })
    await database.execute('UPDATE etl_backfill SET parameters = :broken WHERE backfill_id = :id', {
      broken: '{',
      id: broken.backfillId,
    })
    const advance = () => schedules.advanceBackfills((trouble) => told.push(trouble))
    expect(await advance()).toHaveLength(3)
    await advance()
    expect(told).toMatchObject([{ scheduleId: ids[0], trouble: `BACKFILL ${broken.backfillId}` }])
    await schedules.cancelBackfill(broken.backfillId)
    expect((await schedules.get(ids[0]!)).troubles).toEqual([])
  })
})

test('what an event starts is started beside a job that fails, which follows once it is well', async () => {
  const onOrders = { type: 'EVENT', event: 'orders' }
  await withJobs([onOrders, onOrders], async ({ database, schedules, ids, told }) => {
    const triggers = triggerStore(database)
    await triggers.recordEvent({ id: 'one', type: 'orders', time: new Date(), payload: {} })
    await breakRow(database, ids[0]!, "parameters = '{'")
    const look = () =>
      triggers.startByEvent(
        'one',
        async () => true,
        (trouble) => told.push(trouble),
      )
    expect(await look()).toHaveLength(1)
    expect(await look()).toEqual([])
    expect(told).toMatchObject([{ scheduleId: ids[0], trouble: 'EVENT' }])
    await breakRow(database, ids[0]!, "parameters = '{}'")
    const failed: unknown[] = []
    const later = new Date(Date.now() + 1000)
    const untold = (trouble: Trouble) => void told.push(trouble)
    const swept = () =>
      triggers.startUnhandled(
        later,
        async () => true,
        untold,
        (_id, error) => failed.push(error),
      )
    expect(await swept()).toMatchObject([{ isToStart: true }])
    expect(await swept()).toEqual([])
    expect([failed, told.length]).toEqual([[], 1])
    expect((await schedules.get(ids[0]!)).troubles).toEqual([])
  })
})

test('a retry and a deadline that cannot be looked at hold up no other', async () => {
  await withJobs([hourly, hourly], async ({ database, schedules, ids }) => {
    const executions = executionStore(database)
    const made = await Promise.all(ids.map((id, index) => schedules.triggerNow(id, String(index), { userId: null })))
    await database.execute('UPDATE etl_job_execution SET sla_due_time = :due, retry_due_time = :due', {
      due: new Date(Date.now() - 1000),
    })
    const [broken, well] = made.map(({ executionId }) => executionId!)
    await database.execute("UPDATE etl_job_execution SET parameters = '{' WHERE execution_id = :broken", { broken })
    const failed: string[] = []
    const triggers = triggerStore(database)
    const look = (id: string) => void failed.push(id)
    expect(await triggers.tellMissedSlas(new Date(), look)).toBe(1)
    expect(failed).toEqual([broken])
    await triggers.startDueRetries(new Date(), look)
    expect(failed).toEqual([broken, broken])
    expect((await executions.get(well!)).retryAt ?? null).toBeNull()
  })
})

interface Jobs {
  readonly database: Database
  readonly schedules: ReturnType<typeof scheduleStore>
  /** Of the schedules. */
  readonly ids: readonly string[]
  readonly told: Trouble[]
}

async function withJobs(written: readonly object[], run: (jobs: Jobs) => Promise<void>): Promise<void> {
  await withMigratedDatabase(async (url) => {
    const database = await openDatabase(url)
    try {
      const schedules = scheduleStore(database)
      const ids: string[] = []
      for (const [index, schedule] of written.entries()) {
        const job = sampleJob({ name: `job-${index}` })
        const { jobId } = await jobStore(database, jobSecrets).save({ ...job, spec: { ...job.spec, schedule } })
        ids.push((await schedules.backed(jobId))[0]!.scheduleId)
      }
      await run({ database, schedules, ids, told: [] })
    } finally {
      await database.close()
    }
  })
}

async function breakRow(database: Database, scheduleId: string, how: string): Promise<void> {
  await database.execute(`UPDATE etl_job_schedule SET ${how} WHERE schedule_id = :scheduleId`, { scheduleId })
}

/** A server that remembers what it was given. */
function heldIn(written: string[]): ScheduleControl {
  const held = new Map<string, HeldSchedule>()
  return {
    list: async () => held,
    put: async (schedule) => {
      held.set(schedule.scheduleId, schedule)
      written.push(schedule.scheduleId)
    },
    remove: async (id) => void held.delete(id),
    isSearchable: () => true,
  }
}
