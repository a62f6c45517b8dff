import { describe, expect, test } from '@jest/globals'
import { mysqlJournal } from '../../models/stores/journal.js'
import { type LentApi, withApi } from '../support/api.js'
import { untold } from '../support/untold.js'

describe('an event', () => {
  test('starts the jobs that wait for it, with parameters from its payload; the same id counts once', async () => {
    await withApi({}, async (api) => {
      const fits = await save(api, 'fits', { event: 'file.arrived', where: "payload.bucket = 'in'", ...path })
      const other = await save(api, 'other', { event: 'file.arrived', where: "payload.bucket = 'out'", ...path })
      await save(api, 'elsewhere', { event: 'file.gone', ...path })
      const event = { id: 'e1', type: 'file.arrived', payload: { bucket: 'in', path: 'a.csv' } }
      const first = await post(api, { ...event, time: '2026-01-01T00:00:00Z' })
      expect(first.status).toBe(202)
      expect(first.body).toMatchObject({
        eventId: 'e1',
        isNew: true,
        executions: [{ jobId: fits, message: null, status: 'CREATED' }],
      })
      const { executionId } = first.body.executions[0]
      expect(await api.deps.executions.get(executionId)).toMatchObject({
        triggerType: 'EVENT',
        parameters: { path: 'a.csv' },
        logicalTime: '2026-01-01T00:00:00.000Z',
      })
      const again = await post(api, { ...event, payload: { bucket: 'out', path: 'b.csv' } })
      expect(again.body).toMatchObject({ isNew: false, executions: [{ jobId: fits, executionId }] })
      expect((await api.deps.executions.list(page)).items).toHaveLength(1)
      const { body } = await api.call('get', '/events?type=file.arrived', 'USER')
      expect(body.items).toMatchObject([{ eventId: 'e1', isHandled: true, claims: [{ jobId: fits }] }])
      expect(JSON.stringify(body)).not.toContain(other)
    })
  })

  test('that many send at once, each again and again, starts each job once', async () => {
    await withApi({}, async (api) => {
      const jobs = [await save(api, 'one', { event: 'e', ...path }), await save(api, 'two', { event: 'e', ...path })]
      const ids = ['a', 'A', 'b']
      const answers = await Promise.all(
        Array.from({ length: 24 }, (_, n) => post(api, { id: ids[n % 3], type: 'e', payload: { path: `${n}` } })),
      )
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]))
      expect(answers.filter(({ body }) => body.isNew)).toHaveLength(ids.length)
      const { items } = await api.deps.executions.list(page)
      expect(items.map(({ jobId }) => jobId).sort()).toEqual(jobs.flatMap((jobId) => ids.map(() => jobId)).sort())
    })
  })

  test('with a value that does not fit makes an execution that has failed and says so, and others start', async () => {
    await withApi({}, async (api) => {
      const parameters = { day: { type: 'DATE' } }
      const strict = await save(api, 'strict', { event: 'e', parameters: { day: '${event.day}' } }, { parameters })
      const fine = await save(api, 'fine', { event: 'e', ...path })
      const { status, body } = await post(api, { id: '1', type: 'e', payload: { day: 'soon', path: 'a' } })
      expect(status).toBe(202)
      expect(body.executions).toMatchObject([
        { jobId: strict, status: 'FAILED', message: "The parameter `day` is a DATE, and 'soon' is not." },
        { jobId: fine, status: 'CREATED' },
      ])
      const failed = await api.call('get', `/executions/${body.executions[0].executionId}`)
      expect(failed.body).toMatchObject({ status: 'FAILED', error: { code: 'usage.invalid' } })
      const missing = await post(api, { id: '2', type: 'e', payload: { path: 'a' } })
      expect(missing.body.executions[0]).toMatchObject({
        status: 'FAILED',
        message: 'The event that started this has no value for ${event.day}.',
      })
    })
  })

  test('with an id that a database would take for another is refused', async () => {
    await withApi({}, async (api) => {
      for (const [id, what] of [
        ['e1 ', 'no space at its end'],
        ['e1\t', 'no space at its end'],
      ] as const) {
        const { status, body } = await post(api, { id, type: 'e', payload: {} })
        expect({ id, status }).toEqual({ id, status: 400 })
        expect(body.errors).toMatchObject([{ pointer: '/id', message: expect.stringContaining(what) }])
      }
      for (const id of ['\ud800', 'a\udc00b']) {
        const { status, body } = await post(api, { id, type: 'e', payload: {} })
        expect({ id, status }).toEqual({ id, status: 400 })
        expect(body.detail).toContain('not Unicode')
      }
      expect((await post(api, { id: ' e1 🙂', type: 'e', payload: {} })).body.eventId).toBe(' e1 🙂')
    })
  })

  test('over which a condition cannot be judged starts nothing, and says why', async () => {
    await withApi({}, async (api) => {
      const jobId = await save(api, 'job', { event: 'e', where: 'payload.text > 5' })
      const { body } = await post(api, { id: '1', type: 'e', payload: { text: 'abc' } })
      const message = expect.stringContaining('The condition `payload.text > 5` could not be judged')
      expect(body.executions).toMatchObject([{ jobId, executionId: null, message }])
    })
  })

  test('a condition that may not be asked is refused when the job is saved', async () => {
    await withApi({}, async (api) => {
      const refused = ['(SELECT 1) = 1', 'payload.a = 1; DROP TABLE x', "read_text('/etc/passwd') = ''", 'payload.a =']
      for (const where of [...refused, 'random() > 0.5']) {
        const { status, body } = await api.call('post', '/jobs').send(spec('job', { event: 'e', where }))
        expect({ where, status }).toEqual({ where, status: 422 })
        expect(body.errors).toMatchObject([{ pointer: '/schedule/where' }])
      }
    })
  })

  test('that nobody could follow up is found by the sweeper, once', async () => {
    await withApi({}, async (api) => {
      const jobId = await save(api, 'job', { event: 'e' })
      await api.deps.triggers.recordEvent({ id: '1', type: 'e', time: new Date(), payload: {} })
      const later = new Date(Date.now() + 60_000)
      const failed: unknown[] = []
      const [one, two] = await Promise.all(
        [1, 2].map(() =>
          api.deps.triggers.startUnhandled(later, api.deps.matches, untold, (_id, error) => failed.push(error)),
        ),
      )
      expect(failed).toEqual([])
      expect([...one!, ...two!]).toMatchObject([{ jobId, isToStart: true }])
      expect(await api.deps.triggers.startUnhandled(later, api.deps.matches, untold, () => undefined)).toEqual([])
    })
  })

  test('passes over a job whose schedule is paused, visibly, and one whose overlap is SKIP', async () => {
    await withApi({}, async (api) => {
      const paused = await save(api, 'paused', { event: 'e', enabled: false })
      const skipping = await save(api, 'skipping', { event: 'e' }, { overlap: 'SKIP' })
      expect((await post(api, { id: '1', type: 'e' })).body.executions).toMatchObject([
        { jobId: paused, executionId: null, message: 'The schedule was paused.' },
        { jobId: skipping, status: 'CREATED' },
      ])
      expect((await post(api, { id: '2', type: 'e' })).body.executions).toMatchObject([
        { jobId: paused },
        { jobId: skipping, executionId: null, message: expect.stringContaining('its overlap is SKIP') },
      ])
    })
  })

  test('is for a DEVELOPER, and its audit names it', async () => {
    await withApi({}, async (api) => {
      expect((await api.call('post', '/events', 'USER').send({ id: '1', type: 'e' })).status).toBe(403)
      expect((await api.call('post', '/events', 'DEVELOPER').send({ id: '1', type: 'e' })).status).toBe(202)
      const { body } = await api.call('get', '/operation-logs')
      expect(body.items[0]).toMatchObject({ operationType: 'POST_EVENT', resourceId: '1' })
    })
  })
})

describe('cancelling all', () => {
  test('names them first when asked to, and cancels what fits, what waits to be tried again included', async () => {
    await withApi({}, async (api) => {
      const [one, two] = [await save(api, 'one', {}, { maxConcurrentRuns: 5 }), await save(api, 'two')]
      const journal = mysqlJournal(api.database)
      const start = async (jobId: string) =>
        (await api.call('post', `/jobs/${jobId}/executions`).send({ priority: 3 })).body.executionId as string
      const [running, waiting, kept] = [await start(one), await start(one), await start(two)]
      await journal.admit(running, { workflowId: 'w', runId: 'r' })
      const dry = await api.call('post', '/executions/cancel').send({ jobId: one, dryRun: true })
      expect(dry.status).toBe(202)
      expect(dry.body).toMatchObject({
        dryRun: true,
        items: [
          { executionId: waiting, jobName: 'one', status: 'CREATED' },
          { executionId: running, status: 'RUNNING' },
        ],
      })
      const { body } = await api.call('post', '/executions/cancel').send({ jobId: one })
      expect(body.items).toMatchObject([
        { executionId: waiting, status: 'CANCELLED' },
        { executionId: running, status: 'RUNNING' },
      ])
      expect((await api.deps.executions.get(running)).cancelRequested).toBe(true)
      expect((await api.deps.executions.get(kept)).cancelRequested).toBe(false)
      expect((await api.call('post', '/executions/cancel').send({ status: 'RUNNING' })).body.items).toEqual([])
      expect((await api.call('post', '/executions/cancel', 'USER').send({})).status).toBe(403)
    })
  })
})

const page = { limit: 50, cursor: undefined, sort: '-createdAt' } as never
const path = { parameters: { path: '${event.path}' } }

function spec(name: string, schedule: object = {}, rest: object = {}) {
  const isTriggered = Object.keys(schedule).length > 0
  return {
    name,
    ...(isTriggered ? { schedule: { type: 'EVENT', ...schedule } } : {}),
    parameters: { path: { type: 'STRING', default: 'none' } },
    nodes: [
      { id: 'numbers', source: 'generator', config: { rows: 1, columns: { n: { kind: 'SEQUENCE' } } } },
      { id: 'out', sink: 'blackhole', input: 'numbers' },
    ],
    ...rest,
  }
}

async function save(api: LentApi, name: string, schedule: object = {}, rest: object = {}): Promise<string> {
  const { status, body } = await api.call('post', '/jobs').send(spec(name, schedule, rest))
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body.jobId
}

const post = (api: LentApi, event: object) => api.call('post', '/events').send(event)
