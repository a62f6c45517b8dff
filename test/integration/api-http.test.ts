/** What holds for every route: problem details, limits, the published description, health. */
import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { ROUTES } from '../../api/routes.js'
import { CODES } from '../../core/errors/codes.js'
import { withApi } from '../support/api.js'

describe('errors', () => {
  test('are problem details whatever goes wrong', async () => {
    await withApi({ limits: { bodyBytes: 2000 } }, async ({ app, call }) => {
      const wrong = [
        [await call('get', '/no/such/route'), 'not.found'],
        [await request(app).get('/nothing'), 'not.found'],
        [await call('get', '/jobs/none'), 'not.found'],
        [await call('get', '/jobs?limit=0'), 'usage.invalid'],
        [await call('get', '/jobs?nothing=1'), 'usage.invalid'],
        [await call('get', '/jobs?cursor=%00'), 'usage.invalid'],
        [await call('post', '/users').send({ username: '' }), 'usage.invalid'],
        [await call('post', '/jobs').set('Content-Type', 'application/json').send('{"name": '), 'spec.unreadable'],
        [await call('post', '/jobs').send({ name: 'x'.repeat(3000) }), 'request.too-large'],
        [await call('post', '/users').set('If-Match', 'new').send({}), 'usage.invalid'],
      ] as const
      for (const [answer, code] of wrong) {
        expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
        expect(answer.body).toMatchObject({
          code,
          status: CODES[code].http,
          type: `/api/v1/docs/errors/${code}`,
          title: CODES[code].meaning,
        })
        expect(typeof answer.body.detail).toBe('string')
        expect(Array.isArray(answer.body.errors)).toBe(true)
        expect(answer.status).toBe(CODES[code].http)
      }
      const { errors } = wrong[6][0].body as { errors: { pointer: string }[] }
      expect(errors.map((problem) => problem.pointer).sort()).toEqual(['/password', '/username'])
    })
  })

  test('of an unexpected kind keep their words to the log', async () => {
    await withApi({}, async ({ call, database, logged }) => {
      await database.execute('ALTER TABLE etl_system_config CHANGE config_group hidden_group VARCHAR(64) NOT NULL')
      const answer = await call('get', '/system-configs')
      expect(answer.status).toBe(500)
      expect(JSON.stringify(answer.body)).not.toMatch(/hidden_group|SELECT|config_group/)
      expect(logged.join()).not.toMatch(/SELECT/)
    })
  })
})

describe('the published description', () => {
  test('is OpenAPI 3.1 and has every route with its parameters, bodies and answers', async () => {
    await withApi({}, async ({ call }) => {
      const { body } = await call('get', '/openapi.json', null).expect(200)
      expect(body.openapi).toBe('3.1.0')
      for (const route of ROUTES) {
        const operation = body.paths[route.path]?.[route.method]
        expect({ route: route.path, there: operation !== undefined }).toEqual({ route: route.path, there: true })
        const statuses = [route.status, ...(route.orStatus === undefined ? [] : [route.orStatus])].sort()
        expect(Object.keys(operation.responses)).toEqual([...statuses.map(String), 'default'])
        const named = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1])
        const declared = (operation.parameters ?? []).filter((one: { in: string }) => one.in === 'path')
        expect(declared.map((one: { name: string }) => one.name)).toEqual(named)
        expect(operation.requestBody !== undefined).toBe(route.body !== undefined)
        expect(operation.security).toEqual(route.access === 'PUBLIC' ? [] : undefined)
      }
      const ids = Object.values(body.paths).flatMap((methods) =>
        Object.values(methods as object).map((one) => one.operationId),
      )
      expect(new Set(ids).size).toBe(ROUTES.length)
      const text = JSON.stringify(body)
      const references = new Set(
        [...text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map((match) => match[1] ?? ''),
      )
      for (const name of references) expect(Object.keys(body.components.schemas)).toContain(name)
    })
  })

  test('is shown by a page that loads nothing from elsewhere', async () => {
    await withApi({}, async ({ app, call }) => {
      const page = await call('get', '/docs/', null).expect(200)
      expect(page.text).toContain('swagger-ui')
      expect(page.text).not.toMatch(/https?:\/\/(?!www\.w3\.org)/)
      const script = await call('get', '/docs/swagger-initializer.js', null).expect(200)
      expect(script.text).toContain('openapi.json')
      await request(app).get('/api/v1/docs').expect(301)
    })
  })

  test('has the schema of a job', async () => {
    await withApi({}, async ({ call }) => {
      const { body } = await call('get', '/schemas/job', null).expect(200)
      expect(body.properties).toHaveProperty('nodes')
      await call('get', '/schemas/constructor', null).expect(404)
    })
  })
})

describe('health', () => {
  test('is alive at once, and ready only when everything it needs is', async () => {
    await withApi({}, async ({ app }) => {
      await request(app).get('/healthz').expect(200, { status: 'ok' })
      const { body } = await request(app).get('/readyz').expect(503)
      expect(body).toMatchObject({
        status: 'not ready',
        checks: {
          mysql: { status: 'ok' },
          migrations: { status: 'ok', detail: 'CURRENT' },
          temporal: { status: 'failed' },
        },
      })
    })
  })
})
