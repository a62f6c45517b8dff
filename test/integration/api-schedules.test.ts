/** Schedules over REST, with Temporal away: what is saved holds, and is written there once it is back. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { type LentApi, withApi } from '../support/api.js'
import { onServer } from '../support/lend.js'
import { until } from '../support/until.js'

const page = { limit: 50 }
const hourly = { type: 'CRON', cron: '0 0 * * * ?' }

test('a schedule is made, read, changed, paused, resumed and taken away, each with a version of its own', async () => {
  await withApi({}, async (api) => {
    const jobId = await save(api, 'orders')
    const made = (await api.call('post', '/schedules').send({ jobId, schedule: hourly }).expect(201)).body
    expect(made).toMatchObject({
      jobName: 'orders',
      isEnabled: true,
      version: 1,
      description: 'At minute 0 of every hour, every day.',
    })
    await api.call('post', '/schedules').send({ jobId, schedule: hourly }).expect(409)
    const path = `/schedules/${made.scheduleId}`
    expect((await api.call('get', '/schedules?type=CRON&enabled=true', 'USER').expect(200)).body.items).toHaveLength(1)
    expect((await api.call('get', '/schedules?enabled=false').expect(200)).body.items).toEqual([])

    const paused = (await api.call('post', `${path}/pause`, 'DEVELOPER').expect(200)).body
    expect(paused).toMatchObject({ isEnabled: false, nextFireTime: null, version: 2 })
    expect((await api.call('post', `${path}/pause`).expect(200)).body.version).toBe(2)
    const resumed = (await api.call('post', `${path}/resume`).expect(200)).body
    expect(Date.parse(resumed.nextFireTime)).toBeGreaterThan(Date.now() - 3_600_000)

    const nightly = { type: 'CRON', cron: '0 0 5 * * ?', timezone: 'Europe/Berlin' }
    await api.call('put', path).send({ schedule: nightly }).expect(400)
    await api.call('put', path).send({ schedule: nightly, version: 1 }).expect(409)
    const { body } = await api
      .call('put', path)
      .send({ schedule: { ...nightly, timezone: 'Berlin' }, version: 3 })
      .expect(422)
    expect(body.errors).toMatchObject([{ pointer: '/schedule/timezone', hint: 'Did you mean `Europe/Berlin`?' }])
    expect((await api.call('put', path).send({ schedule: nightly, version: 3 }).expect(200)).body).toMatchObject({
      scheduleId: made.scheduleId,
      cron: '0 0 5 * * ?',
      version: 4,
    })
    expect((await api.call('get', `/jobs/${jobId}`)).body).toMatchObject({ version: 3, spec: { schedule: nightly } })

    await api.call('delete', path).expect(204)
    await api.call('get', path).expect(404)
    expect((await api.call('get', `/jobs/${jobId}`)).body.spec.schedule).toBeUndefined()
    const { body: audit } = await api.call('get', '/operation-logs')
    expect(audit.items.map(({ operationType }: { operationType: string }) => operationType)).toEqual(
      expect.arrayContaining([
        'CREATE_SCHEDULE',
        'PAUSE_SCHEDULE',
        'RESUME_SCHEDULE',
        'UPDATE_SCHEDULE',
        'DELETE_SCHEDULE',
      ]),
    )
    await until('it was said that Temporal is away', async () =>
      api.logged.some(
        (line) => line.startsWith('writing a schedule to Temporal failed') && line.includes('temporal.away'),
      ),
    )
  })
}, 60_000)

test('started out of turn, asked again under the same key, it starts one execution', async () => {
  await withApi({}, async (api) => {
    const jobId = await save(api, 'orders')
    const { scheduleId } = (await api.call('post', '/schedules').send({ jobId, schedule: hourly }).expect(201)).body
    const trigger = () => api.call('post', `/schedules/${scheduleId}/trigger`).set('Idempotency-Key', 'one').expect(202)
    const { executionId } = (await trigger()).body
    expect((await trigger()).body.executionId).toBe(executionId)
    expect((await api.call('get', '/executions')).body.items).toHaveLength(1)
    await api.call('post', `/schedules/${scheduleId}/trigger`, 'USER').expect(403)
    await api.call('post', `/schedules/${scheduleId}/backfill`, 'USER').send({}).expect(403)
    await api.call('post', `/schedules/${scheduleId}/backfill`).send({ from: 'yesterday' }).expect(400)
  })
}, 60_000)

test('a value that a parameter needs and the schedule does not give is told when the job is saved', async () => {
  await withApi({}, async (api) => {
    await writeFile(join(api.folder, 'in.csv'), 'id\n1\n')
    const parameters = { day: { type: 'DATE' }, n: { type: 'INT' } }
    const spec = { ...job('orders'), parameters, schedule: { ...hourly, parameters: { n: 'many' } } }
    const { body } = await api.call('post', '/jobs').send(spec).expect(422)
    expect(body.errors).toMatchObject([
      { pointer: '/schedule', message: expect.stringContaining('`day`') },
      { pointer: '/schedule/parameters/n', message: expect.stringContaining('INT') },
    ])
  })
}, 60_000)

test('what a route does not know is refused, with the nearest that it does', async () => {
  await withApi({}, async (api) => {
    const jobId = await save(api, 'orders')
    const { scheduleId } = (await api.call('post', '/schedules').send({ jobId, schedule: hourly }).expect(201)).body
    const refused = async (path: string, body: object) =>
      (await api.call('post', `/schedules/${scheduleId}${path}`).send(body).expect(400)).body.errors
    expect(await refused('/trigger', { parameters: { day: 1 } })).toMatchObject([{ pointer: '/parameters' }])
    expect(await refused('/pause', { verson: 1 })).toMatchObject([
      { pointer: '/verson', hint: 'Did you mean `version`?' },
    ])
    const range = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T03:00:00Z' }
    expect(await refused('/backfill', { ...range, maxConcurentRuns: 2 })).toMatchObject([
      { hint: 'Did you mean `maxConcurrentRuns`?' },
    ])
    const backwards = { from: range.to, to: range.from }
    expect(await refused('/backfill', backwards)).toMatchObject([{ pointer: '/to', hint: expect.any(String) }])
    for (const path of ['/schedules/nobody', '/backfills/nobody'])
      expect((await api.call('get', path).expect(404)).body.hint).toContain('etl schedules')
    for (const from of ['-000001-01-01T00:00:00Z', '0000-01-01T00:00:00Z', '+275000-01-01T00:00:00Z', '2026']) {
      const { body } = await api
        .call('get', `/schedules/${scheduleId}/next?from=${encodeURIComponent(from)}`)
        .expect(400)
      expect(body.errors).toMatchObject([{ pointer: '/from', message: expect.stringMatching(/^Expected a time/) }])
    }
  })
}, 60_000)

test('a backfill is paused, and goes on; what has ended does neither', async () => {
  await withApi({}, async (api) => {
    const jobId = await save(api, 'orders')
    const { scheduleId } = (await api.call('post', '/schedules').send({ jobId, schedule: hourly }).expect(201)).body
    const range = { from: '2026-01-01T00:00:00Z', to: '2026-01-01T03:00:00Z', maxConcurrentRuns: 2 }
    const made = (await api.call('post', `/schedules/${scheduleId}/backfill`).send(range).expect(202)).body.backfill
    const path = `/backfills/${made.backfillId}`
    for (let again = 0; again < 2; again++)
      expect((await api.call('post', `${path}/pause`, 'DEVELOPER').expect(200)).body.status).toBe('PAUSED')
    const before = (await api.deps.executions.list(page)).items.length
    expect(await api.deps.keeper.fill()).toBe(0)
    expect((await api.call('post', `${path}/resume`).expect(200)).body.status).toBe('RUNNING')
    await api.deps.keeper.fill()
    expect((await api.deps.executions.list(page)).items.length).toBeGreaterThan(Math.max(before, 0))
    await api.call('post', `${path}/pause`).expect(200)
    // One of them has ended by itself meanwhile: the others are cancelled all the same.
    await onServer(api.url, "UPDATE etl_job_execution SET execution_status = 'COMPLETED' LIMIT 1")
    expect((await api.call('post', `${path}/cancel`).expect(202)).body.cancelled).toHaveLength(1)
    const refused = (await api.call('post', `${path}/resume`).expect(409)).body
    expect(refused.detail).toContain('has ended already: it is CANCELLED')
    await api.call('post', '/backfills/nobody/pause').expect(404)
  })
}, 60_000)

test('a job that was saved before schedules were kept gets its schedule', async () => {
  await withApi({}, async (api) => {
    const jobId = await save(api, 'orders')
    await api.call('post', '/schedules').send({ jobId, schedule: hourly }).expect(201)
    await onServer(api.url, 'DELETE FROM etl_job_schedule')
    expect(await api.deps.schedules.adopt()).toBe(1)
    expect(await api.deps.schedules.adopt()).toBe(0)
    expect((await api.call('get', '/schedules')).body.items).toMatchObject([{ jobId, isEnabled: true }])
  })
}, 60_000)

async function save(api: LentApi, name: string): Promise<string> {
  await writeFile(join(api.folder, 'in.csv'), 'id\n1\n')
  return (await api.call('post', '/jobs').send(job(name)).expect(201)).body.jobId
}

function job(name: string) {
  return {
    name,
    nodes: [
      { id: 'in', source: 'file', config: { path: 'in.csv' } },
      { id: 'out', sink: 'file', input: 'in', config: { path: 'out', format: 'csv' } },
    ],
  }
}
