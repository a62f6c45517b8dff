/** Jobs and executions over REST: versions, keys, the audit, secrets; Temporal is away here, and nothing is lost. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { ROUTES } from '../../api/routes.js'
import { type LentApi, withApi } from '../support/api.js'

/** A job that reads a small file and writes another. */
async function spec({ folder }: LentApi, name = 'copy') {
  await writeFile(join(folder, 'in.csv'), 'id,amount\n1,10\n2,20\n')
  return {
    name,
    parameters: { least: { type: 'INT', default: 5 }, day: { type: 'DATE', default: '2001-01-01' } },
    nodes: [
      { id: 'in', source: 'file', config: { path: 'in.csv' } },
      { id: 'large', operator: 'FILTER', input: 'in', config: { where: 'amount > ${least}' } },
      { id: 'out', sink: 'file', input: 'large', config: { path: 'out', format: 'parquet' } },
    ],
  }
}

async function save(api: LentApi, name?: string) {
  return (
    await api
      .call('post', '/jobs', 'DEVELOPER')
      .send(await spec(api, name))
      .expect(201)
  ).body
}

describe('jobs', () => {
  test('are saved, read back as they were written, and found by name', async () => {
    await withApi({}, async (api) => {
      const sent = await spec(api)
      const created = await api.call('post', '/jobs', 'DEVELOPER').send(sent).expect(201)
      const { jobId } = created.body
      expect(created.headers.location).toBe(`/api/v1/jobs/${jobId}`)
      const read = await api.call('get', `/jobs/${jobId}`, 'USER').expect(200)
      expect(read.headers.etag).toBe('"1"')
      expect(read.body).toMatchObject({ name: 'copy', type: 'BATCH', version: 1, status: 'CREATED', spec: sent })
      expect((await api.call('get', '/jobs?name=copy')).body.items).toHaveLength(1)
      expect((await api.call('get', '/jobs?name=cop')).body.items).toHaveLength(0)
      expect((await api.call('get', '/jobs?nameContains=op')).body.items).toHaveLength(1)
      const { body } = await api.call('get', `/jobs/${jobId}/graph`, 'USER').expect(200)
      expect(body.streamGraph.nodes.map((node: { id: string }) => node.id)).toEqual(['in', 'large', 'out'])
      expect(body.jobGraph.vertices).toHaveLength(1)
    })
  })

  test('answer every problem of a spec at once, each with its place', async () => {
    await withApi({}, async (api) => {
      const bad = await spec(api)
      const broken = {
        ...bad,
        tpye: 'BATCH',
        nodes: [...bad.nodes, { id: 'x', operator: 'NOPE', input: 'gone', config: {} }],
      }
      for (const path of ['/jobs', '/jobs/validate', '/jobs/explain']) {
        const { body } = await api.call('post', path, 'DEVELOPER').send(broken).expect(422)
        expect(body.code).toBe('spec.invalid')
        const pointers = body.errors.map((problem: { pointer: string }) => problem.pointer)
        expect(pointers).toEqual(
          expect.arrayContaining([expect.stringMatching(/^\/tpye|^$/), expect.stringMatching(/^\/nodes\/3/)]),
        )
      }
      expect((await api.call('get', '/jobs')).body.items).toEqual([])
    })
  })

  test('get a new version only from the present one, and only if they differ', async () => {
    await withApi({}, async (api) => {
      const { jobId } = await save(api)
      const sent = await spec(api)
      const put = (version: number | null, body: object) => {
        const call = api.call('put', `/jobs/${jobId}`, 'DEVELOPER')
        return (version === null ? call : call.set('If-Match', `"${version}"`)).send(body)
      }
      expect((await put(1, sent).expect(200)).body.version).toBe(1)
      expect((await put(1, { ...sent, priority: 7 }).expect(200)).body.version).toBe(2)
      expect((await put(1, { ...sent, priority: 8 }).expect(409)).body.code).toBe('conflict')
      expect((await put(null, { ...sent, version: 2, priority: 9 }).expect(200)).body.version).toBe(3)
      await put(null, sent).expect(400)
      const { items } = (await api.call('get', `/jobs/${jobId}/versions`).expect(200)).body
      expect(items.map((one: { version: number }) => one.version)).toEqual([3, 2, 1])
      await save(api, 'other')
      await put(3, { ...sent, name: 'other' }).expect(409)
      await api.call('post', '/jobs', 'DEVELOPER').send(sent).expect(409)
      await api.call('delete', `/jobs/${jobId}`, 'DEVELOPER').set('If-Match', '"2"').expect(409)
      await api.call('delete', `/jobs/${jobId}`, 'DEVELOPER').set('If-Match', '"3"').expect(204)
      await api.call('get', `/jobs/${jobId}`).expect(404)
    })
  })
})

describe('executions', () => {
  test('are accepted while Temporal is away, and reported under the names of every report', async () => {
    await withApi({}, async (api) => {
      const { jobId } = await save(api)
      const answer = await api
        .call('post', `/jobs/${jobId}/executions`, 'DEVELOPER')
        .send({ parameters: { least: 15 } })
        .expect(202)
      const { executionId } = answer.body
      expect(answer.body).toEqual({ executionId, status: 'CREATED' })
      expect(answer.headers.location).toBe(`/api/v1/executions/${executionId}`)
      const { body } = await api.call('get', `/executions/${executionId}`, 'USER').expect(200)
      expect(Object.keys(body)).toEqual([
        'executionId',
        'jobId',
        'jobName',
        'jobVersion',
        'status',
        'records',
        'epochs',
        'restarts',
        'durationMs',
        'lastCheckpointId',
        'operators',
        'error',
      ])
      expect(Object.keys(body.records)).toEqual([
        'read',
        'sideRead',
        'processed',
        'written',
        'filtered',
        'failed',
        'late',
      ])
      expect((await api.call('get', `/executions?jobId=${jobId}`)).body.items).toEqual([body])
      expect((await api.call('get', '/executions?status=RUNNING')).body.items).toEqual([])
      const { items } = (await api.call('get', `/executions/${executionId}/events`).expect(200)).body
      expect(items.map((one: { type: string }) => one.type)).toEqual(['SUBMITTED'])
      for (const what of ['operators', 'metrics', 'checkpoints'])
        await api.call('get', `/executions/${executionId}/${what}`).expect(200)
      await api.call('get', `/jobs/${jobId}/dead-letters`).expect(200)
    })
  })

  test('refuse parameters that the job has not, or that do not fit', async () => {
    await withApi({}, async (api) => {
      const { jobId } = await save(api)
      for (const parameters of [{ lest: 1 }, { least: 'many' }, { day: '2001-13-01' }]) {
        const { body } = await api
          .call('post', `/jobs/${jobId}/executions`, 'DEVELOPER')
          .send({ parameters })
          .expect(400)
        expect(body.code).toBe('usage.invalid')
      }
      expect((await api.call('get', '/executions')).body.items).toEqual([])
    })
  })

  test('are cancelled before they began, once', async () => {
    await withApi({}, async (api) => {
      const { jobId } = await save(api)
      const { executionId } = (await api.call('post', `/jobs/${jobId}/executions`, 'DEVELOPER').send({})).body
      await api.call('post', `/executions/${executionId}/restart`, 'DEVELOPER').send({}).expect(409)
      expect((await api.call('post', `/executions/${executionId}/cancel`, 'DEVELOPER').expect(202)).body.status).toBe(
        'CANCELLED',
      )
      await api.call('post', `/executions/${executionId}/cancel`, 'DEVELOPER').expect(409)
      const stream = await api
        .call('get', `/executions/${executionId}/events`)
        .set('Accept', 'text/event-stream')
        .expect(200)
      expect(stream.headers['content-type']).toBe('text/event-stream')
      expect(stream.text).toMatch(/event: SUBMITTED\ndata: \{.*\}\n\n[\s\S]*event: CANCEL/)
      const again = await api.call('post', `/executions/${executionId}/restart`, 'DEVELOPER').send({}).expect(202)
      expect(again.body.executionId).not.toBe(executionId)
    })
  })
})

describe('pause, resume and savepoints', () => {
  test('are refused before it has begun and after it has ended', async () => {
    await withApi({}, async (api) => {
      const { jobId } = await save(api)
      const { executionId } = (await api.call('post', `/jobs/${jobId}/executions`, 'DEVELOPER').send({})).body
      const ask = (what: string, body: object = {}) =>
        api.call('post', `/executions/${executionId}/${what}`, 'DEVELOPER').send(body)
      for (const what of ['pause', 'resume', 'savepoints']) {
        const { body } = await ask(what).expect(409)
        expect(body).toMatchObject({ code: 'conflict', detail: expect.stringContaining('not begun') })
      }
      for (const body of [{ stop: true, drain: true }, { now: true }]) await ask('savepoints', body).expect(409)
      const onlyDrains = await ask('savepoints', { drain: true }).expect(400)
      expect(onlyDrains.body).toMatchObject({ code: 'usage.invalid', errors: [{ pointer: '/drain' }] })
      await ask('savepoints', { stopp: true }).expect(400)
      await ask('cancel').expect(202)
      const { body } = await ask('pause').expect(409)
      expect(body.detail).toContain('CANCELLED')
      const { items } = (await api.call('get', '/operation-logs')).body
      expect(JSON.stringify(items)).toContain('SAVEPOINT_EXECUTION')
    })
  })
})

describe('an Idempotency-Key', () => {
  test('gives the first answer again and starts once, however many ask at a time', async () => {
    await withApi({}, async (api) => {
      const { jobId } = await save(api)
      const start = (key: string, body: object = {}) =>
        api.call('post', `/jobs/${jobId}/executions`, 'DEVELOPER').set('Idempotency-Key', key).send(body)
      const first = await start('one').expect(202)
      const second = await start('one').expect(202)
      expect(second.body).toEqual(first.body)
      expect(second.headers.location).toBe(first.headers.location)
      expect(second.headers['idempotency-replayed']).toBe('true')
      await start('one', { priority: 3 }).expect(409)
      const other = await start('two').expect(202)
      expect(other.body.executionId).not.toBe(first.body.executionId)
      const many = await Promise.all(Array.from({ length: 8 }, () => start('three')))
      expect(many.every((answer) => [202, 409].includes(answer.status))).toBe(true)
      const ids = new Set(many.flatMap((answer) => (answer.status === 202 ? [answer.body.executionId] : [])))
      expect(ids.size).toBe(1)
      expect((await api.call('get', '/executions')).body.items).toHaveLength(3)
      await start('with space').expect(400)
    })
  })

  test('of a request that was refused is free again, and of one that died gives the same execution', async () => {
    await withApi({}, async (api) => {
      const { jobId } = await save(api)
      const start = (parameters: object) =>
        api.call('post', `/jobs/${jobId}/executions`, 'DEVELOPER').set('Idempotency-Key', 'k').send({ parameters })
      await start({ least: 'many' }).expect(400)
      const { executionId } = (await start({ least: 1 }).expect(202)).body
      await api.database.execute('UPDATE etl_idempotency_key SET response_status = NULL, create_time = :past', {
        past: new Date(Date.now() - 120_000),
      })
      expect((await start({ least: 1 }).expect(202)).body.executionId).toBe(executionId)
      expect((await api.call('get', '/executions')).body.items).toHaveLength(1)
    })
  })
})

describe('the audit', () => {
  test('has a row for every call that changes something, done, refused or failed', async () => {
    await withApi({}, async (api) => {
      const audited = ROUTES.filter((route) => route.audit !== undefined && route.path !== '/auth/logout')
      for (const route of audited) {
        await api.call(route.method, route.path.replaceAll(/\{\w+\}/g, 'none'), 'ADMIN').send({ name: 'x' })
      }
      const { items } = (await api.call('get', '/operation-logs?limit=500').expect(200)).body
      const counted = (list: readonly string[]) => [...list].sort()
      expect(counted(items.map((one: { operationType: string }) => one.operationType))).toEqual(
        counted(audited.map((route) => route.audit?.operation ?? '')),
      )
    })
  })

  test('says who did what to which thing, and how it ended', async () => {
    await withApi({}, async (api) => {
      const { jobId } = await save(api)
      await api.call('post', '/jobs', 'USER').send({ name: 'mine' }).expect(403)
      await api.call('delete', `/jobs/${jobId}`, 'DEVELOPER').expect(204)
      const { items } = (await api.call('get', '/operation-logs?resourceType=JOB').expect(200)).body
      expect(items).toMatchObject([
        {
          operationType: 'DELETE_JOB',
          resourceId: jobId,
          username: 'developer',
          operationStatus: 'SUCCESS',
          responseStatus: 204,
        },
        { operationType: 'CREATE_JOB', username: 'user', operationStatus: 'FAILED', responseStatus: 403 },
        { operationType: 'CREATE_JOB', resourceId: jobId, operationStatus: 'SUCCESS', responseStatus: 201 },
      ])
      expect((await api.call('get', `/operation-logs?resourceId=${jobId}`)).body.items).toHaveLength(2)
      expect((await api.call('get', '/operation-logs?status=FAILED')).body.items).toHaveLength(1)
    })
  })
})
