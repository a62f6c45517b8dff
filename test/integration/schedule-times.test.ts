/** Calendars of ours as a real Temporal server follows them: it fires when the dialects say, and means to. */
import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals'
import { Client, Connection } from '@temporalio/client'
import { heldIdOf } from '../../api/schedules/schedule-control.js'
import { type Syncing, syncSchedules } from '../../api/schedules/sync.js'
import { openTemporal, type TemporalControl } from '../../api/temporal.js'
import { fires } from '../../core/schedule/fires.js'
import type { BackedSchedule } from '../../models/stores/schedule-store.js'
import { ownNamespace, temporalAddress } from '../support/namespace.js'
import { until } from '../support/until.js'
import { untold } from '../support/untold.js'

let temporal: TemporalControl
let client: Client

beforeAll(async () => {
  const address = temporalAddress()
  const namespace = await ownNamespace(address)
  temporal = openTemporal({ address, namespace })
  client = new Client({ connection: await Connection.connect({ address }), namespace })
  await temporal.registerSearchAttributes()
}, 60_000)

afterEach(async () => {
  const held = await temporal?.schedules.list()
  for (const scheduleId of held?.keys() ?? []) await temporal.schedules.remove(scheduleId)
  await until('none is left', async () => (await temporal.schedules.list()).size === 0)
})

afterAll(async () => {
  await temporal?.close()
  await client?.connection.close()
})

const FAST = [
  ['* * * * * ?', 'Europe/Berlin'],
  ['*/2 * * * * ?', 'Australia/Lord_Howe'],
  ['1/3 * * * * ?', 'UTC'],
  ['0,7,21,44 * * * * ?', 'Asia/Kathmandu'],
  ['0/5 * * ? * SUN-SAT 2020-2099', 'America/St_Johns'],
  ['* * * * *', 'America/New_York'],
] as const

const FAR = [
  ['0 30 2 * * ?', 'Europe/Berlin'],
  ['30 2 * * *', 'Europe/Berlin'],
  ['0 0 5 L * ?', 'America/Sao_Paulo'],
  ['0 15 10 15W * ?', 'Asia/Tokyo'],
  ['0 0 0 ? * 6#3', 'Pacific/Auckland'],
  ['0 0 12 ? * 2L', 'Africa/Casablanca'],
  ['0 0/20 1-3 * * ?', 'Australia/Lord_Howe'],
  ['0 12 13 * 5', 'UTC'],
  ['15 10 6 29 2 ? 2028', 'UTC'],
  ['0 30 4 29 2 ?', 'Europe/Berlin'],
  ['0 45 23 1,15 1-12/2 ?', 'Asia/Kathmandu'],
  ['*/17 3 * * 1-5', 'America/St_Johns'],
] as const

test('a Temporal server fires at the times that are computed, for a minute, and means to fire at those that are far', async () => {
  const all = [...FAST, ...FAR].map(([expression, timezone]) => backed(expression, timezone))
  const begun = Date.now()
  const at = syncing(async () => all)
  expect((await syncSchedules(at)).written).toBe(all.length)

  for (const schedule of all.slice(FAST.length)) {
    const { info, state } = await client.schedule.getHandle(heldIdOf(schedule.scheduleId)).describe()
    const wanted = fires(calendarOf(schedule), begun, 10).map((time) => new Date(time).toISOString())
    const told = info.nextActionTimes.map((time) => time.toISOString())
    expect([schedule.cronExpression, told]).toEqual([schedule.cronExpression, wanted.slice(0, told.length)])
    // Of those that come once in years, as far as is written.
    const isFar = fires(calendarOf(schedule), begun, 2).at(-1)! > begun + 390 * 86_400_000
    expect(told.length).toBeGreaterThanOrEqual(isFar ? 1 : Math.min(5, wanted.length))
    expect(state).toMatchObject({ paused: false, note: expect.stringContaining(schedule.timezone) })
  }

  const from = Date.now() + 2000
  await new Promise((resolve) => setTimeout(resolve, 65_000))
  const to = Date.now() - 3000
  for (const schedule of all.slice(0, FAST.length)) {
    const wanted = fires(calendarOf(schedule), from, 1000).filter((time) => time <= to)
    const ids = wanted.map((time) => `${heldIdOf(schedule.scheduleId)}-${new Date(time).toISOString().slice(0, 19)}Z`)
    await until('all are listed', async () => {
      const listed = await startedBy(schedule)
      return ids.every((id) => listed.includes(id))
    })
    const listed = (await startedBy(schedule)).filter((id) => {
      const time = Date.parse(id.slice(-20))
      return time > from && time <= to
    })
    expect([schedule.cronExpression, listed.sort()]).toEqual([schedule.cronExpression, ids])
    const query = `EtlTrigger = 'CRON' AND EtlJobId = '${schedule.jobId}'`
    expect((await client.workflow.count(query)).count).toBeGreaterThanOrEqual(ids.length)
  }
}, 180_000)

test('what is held is made equal to what is saved: changed, paused, removed, made anew', async () => {
  const [one, two] = [backed('0 0 5 * * ?', 'UTC'), backed('0 0 6 * * ?', 'Europe/Berlin')]
  let saved: BackedSchedule[] = [one, two]
  let ahead = 0
  const at = { ...syncing(async () => saved), nowMs: () => Date.now() + ahead }
  await syncSchedules(at)
  const isListed = (wanted: number) =>
    until('the list has caught up', async () => (await temporal.schedules.list()).size === wanted)
  await isListed(2)
  expect(await syncSchedules(at)).toEqual({ written: 0, removed: 0 })

  saved = [{ ...one, isEnabled: false }, two]
  expect(await syncSchedules(at)).toEqual({ written: 1, removed: 0 })
  expect((await client.schedule.getHandle(heldIdOf(one.scheduleId)).describe()).state.paused).toBe(true)

  // Somebody meddles.
  await client.schedule.getHandle(heldIdOf(two.scheduleId)).pause('by hand')
  await until('it is repaired', async () => {
    await syncSchedules(at)
    return !(await client.schedule.getHandle(heldIdOf(two.scheduleId)).describe()).state.paused
  })
  await client.schedule.getHandle(heldIdOf(two.scheduleId)).delete()
  await isListed(1)
  expect((await syncSchedules(at)).written).toBe(1)
  await isListed(2)

  // Half of what was written has passed: only where clocks change it has an end.
  ahead = 250 * 86_400_000
  expect(await syncSchedules(at)).toEqual({ written: 1, removed: 0 })
  ahead = 0

  saved = [two]
  expect((await syncSchedules(at)).removed).toBe(1)
  await isListed(1)
}, 120_000)

function syncing(saved: () => Promise<BackedSchedule[]>): Syncing {
  const eachHeld: Syncing['schedules']['eachHeld'] = async (rows, hold) => {
    for (const row of rows) await hold(row)
  }
  return { held: temporal.schedules, schedules: { backed: saved, eachHeld }, nowMs: Date.now, told: untold }
}

async function startedBy({ scheduleId }: BackedSchedule): Promise<string[]> {
  const found: string[] = []
  const query = `TemporalScheduledById = '${heldIdOf(scheduleId)}'`
  for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId)
  return found
}

function calendarOf({ cronExpression, timezone }: BackedSchedule) {
  return { cron: cronExpression, timezone, startAt: null, endAt: null }
}

function backed(cronExpression: string, timezone: string): BackedSchedule {
  return {
    scheduleId: randomUUID(),
    jobId: randomUUID(),
    scheduleType: 'CRON',
    cronExpression,
    timezone,
    jitterMs: 0,
    startTime: null,
    endTime: null,
    isEnabled: true,
  }
}
