/** A schedule is saved with its job: the row that says when it runs. */
import { describe, expect, test } from '@jest/globals'
import { type Database, openDatabase } from '../../models/database.js'
import { jobStore } from '../../models/stores/job-store.js'
import { withMigratedDatabase } from '../support/lend.js'
import { jobSecrets, sampleJob } from '../support/sample-job.js'

describe('the schedule of a job', () => {
  test('is a row of its own that keeps its id while its type and its times change', async () => {
    await withCatalogue(async (database) => {
      const jobs = jobStore(database, jobSecrets)
      const cron = { type: 'CRON', cron: '0 0 5 * * ?', timezone: 'Europe/Berlin', catchUp: 'ALL(3)', jitter: '30s' }
      const { jobId } = await jobs.save(scheduled('nightly', { ...cron, parameters: { day: '${logicalTime}', n: 4 } }))
      const first = await scheduleOf(database, jobId)
      expect(first).toMatchObject({
        scheduleType: 'CRON',
        cronExpression: '0 0 5 * * ?',
        timezone: 'Europe/Berlin',
        catchUp: 'ALL',
        catchUpMax: 3,
        jitterMs: 30_000,
        parameters: { day: '${logicalTime}', n: '4' },
        isEnabled: true,
        overlapPolicy: 'WAIT',
        version: 1,
        createdBy: 'admin',
      })
      expect(first?.nextFireTime?.toISOString()).toMatch(/T0[34]:00:00.000Z$/)
      expect(first!.nextFireTime!.getTime()).toBeGreaterThan(Date.now())

      await jobs.save({
        ...scheduled('nightly', { type: 'EVENT', event: 'file.arrived', where: 'payload.n > 1' }),
        jobId,
      })
      expect(await scheduleOf(database, jobId)).toMatchObject({
        scheduleId: first?.scheduleId,
        scheduleType: 'EVENT',
        eventType: 'file.arrived',
        eventFilter: 'payload.n > 1',
        cronExpression: null,
        nextFireTime: null,
        version: 2,
      })
      await jobs.save({ ...scheduled('nightly', undefined), jobId })
      expect(await scheduleOf(database, jobId)).toBeUndefined()
    })
  })

  test('stays paused when the job is saved with other changes, and goes with its job', async () => {
    await withCatalogue(async (database) => {
      const jobs = jobStore(database, jobSecrets)
      const { jobId } = await jobs.save(scheduled('hourly', { type: 'CRON', cron: '0 * * * *' }))
      await database.tables.jobSchedule.update({ isEnabled: false }, { where: { jobId } })
      await jobs.save({ ...scheduled('hourly', { type: 'CRON', cron: '5 * * * *' }), jobId })
      expect(await scheduleOf(database, jobId)).toMatchObject({ isEnabled: false, nextFireTime: null, version: 2 })
      await jobs.save({ ...scheduled('hourly', { type: 'CRON', cron: '5 * * * *', enabled: false }), jobId })
      await jobs.save({ ...scheduled('hourly', { type: 'CRON', cron: '5 * * * *', enabled: true }), jobId })
      expect(await scheduleOf(database, jobId)).toMatchObject({ isEnabled: true, version: 3 })
      await jobs.softDelete(jobId, null)
      expect(await scheduleOf(database, jobId)).toBeUndefined()
    })
  })
})

describe('jobs that wait for others', () => {
  test('name them, and what there is not is named with its place', async () => {
    await withCatalogue(async (database) => {
      const jobs = jobStore(database, jobSecrets)
      const orders = await jobs.save(scheduled('orders-load', undefined))
      await expect(jobs.save(scheduled('report', after('orders-load', 'order-load', 'x')))).rejects.toMatchObject({
        code: 'spec.invalid',
        problems: [
          { pointer: '/schedule/on/1', hint: 'Did you mean `orders-load`?' },
          { pointer: '/schedule/on/2', hint: 'Save that job first.' },
        ],
      })
      const { jobId } = await jobs.save(scheduled('report', { ...after('orders-load'), within: '2h', require: 'ANY' }))
      expect(await scheduleOf(database, jobId)).toMatchObject({
        scheduleType: 'DEPENDENCY',
        dependencyJobIds: [orders.jobId],
        dependencyConfig: { require: 'ANY', status: 'COMPLETED', withinMs: 7_200_000 },
      })
      await expect(jobs.softDelete(orders.jobId, null)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('report'),
      })
    })
  })

  test('in a circle are refused, and the circle is named', async () => {
    await withCatalogue(async (database) => {
      const jobs = jobStore(database, jobSecrets)
      const { jobId } = await jobs.save(scheduled('a', undefined))
      await jobs.save(scheduled('b', after('a')))
      await jobs.save(scheduled('c', after('b')))
      await jobs.save(scheduled('d', after('b', 'c')))
      await expect(jobs.save({ ...scheduled('a', after('d')), jobId })).rejects.toMatchObject({
        problems: [{ pointer: '/schedule/on/0', message: 'The jobs would wait for each other: a → d → b → a.' }],
      })
    })
  })

  test('in a circle that is saved from all its sides at once are refused too', async () => {
    await withCatalogue(async (database) => {
      const jobs = jobStore(database, jobSecrets)
      const names = ['a', 'b', 'c', 'd']
      const ids: string[] = []
      for (const name of names) ids.push((await jobs.save(scheduled(name, undefined))).jobId)
      const saves = names.map((name, index) =>
        jobs.save({ ...scheduled(name, after(names[(index + 1) % names.length]!)), jobId: ids[index]! }),
      )
      const settled = await Promise.allSettled(saves)
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(names.length - 1)
      const refused = settled.find((one) => one.status === 'rejected')
      expect(String(refused?.reason)).toContain('would wait for each other')
    })
  })
})

function scheduled(name: string, schedule: object | undefined) {
  const job = sampleJob({ name })
  return { ...job, spec: { ...job.spec, ...(schedule === undefined ? {} : { schedule }) } }
}

function after(...on: readonly string[]) {
  return { type: 'DEPENDENCY', on }
}

async function scheduleOf(database: Database, jobId: string) {
  return (await database.tables.jobSchedule.findOne({ where: { jobId } }))?.get()
}

async function withCatalogue(body: (database: Database) => Promise<void>): Promise<void> {
  await withMigratedDatabase(async (url) => {
    const database = await openDatabase(url)
    try {
      await body(database)
    } finally {
      await database.close()
    }
  })
}
