/** Bodies and ranges that cannot be taken: refused before anything is done with them, and told of in the audit. */
import { expect, test } from '@jest/globals'
import { type LentApi, withApi } from '../support/api.js'

const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`

interface Row {
  readonly type: string
  readonly status: number
  readonly params: string
}

const audited = async ({ database }: LentApi) =>
  await database.query<Row>(
    'SELECT operation_type AS type, response_status AS status, request_params AS params FROM etl_operation_log ORDER BY id',
  )

test('what is nested deeper than anything needs is refused by every route, anonymous ones too, and audited', async () => {
  await withApi({}, async (api) => {
    const bodies: readonly (readonly [string, string])[] = [
      ['/events', `{"type": "arrived", "payload": {"a": ${nested(3000)}}}`],
      ['/auth/login', `{"username": "admin", "password": ${nested(20_000)}}`],
      ['/auth/login', `{"username": "admin", "password": "x", "more": ${nested(9000)}}`],
      ['/jobs', nested(100_000)],
      ['/alert-rules', `{"name": "x", "channels": ${nested(2000)}}`],
      ['/secrets/N', `{"value": ${nested(101)}}`],
    ]
    for (const [path, body] of bodies) {
      const call = api.call(path.startsWith('/secrets') ? 'put' : 'post', path, path === '/auth/login' ? null : 'ADMIN')
      const answer = await call.set('Content-Type', 'application/json').send(body)
      expect([path, answer.status, answer.body.code]).toEqual([path, 400, 'usage.invalid'])
      expect(answer.body.detail).toMatch(/nested deeper than 100 levels/)
    }
    const rows = await audited(api)
    expect(rows.map(({ type, status }) => [type, status])).toEqual([
      ['POST_EVENT', 400],
      ['LOGIN', 400],
      ['LOGIN', 400],
      ['CREATE_JOB', 400],
      ['CREATE_ALERT_RULE', 400],
      ['SET_SECRET', 400],
    ])
    expect(await api.database.query('SELECT * FROM etl_trigger_event')).toEqual([])
    expect(api.logged).toEqual([])
    // As deep as may be.
    const deep = { id: 'e1', type: 'arrived', payload: { a: JSON.parse(nested(97)) } }
    const taken = await api.call('post', '/events').send(deep)
    expect([taken.status, taken.body.detail]).toEqual([202, undefined])
  })
})

test('half a surrogate pair is refused, in texts and in keys, and whole ones are kept', async () => {
  await withApi({}, async (api) => {
    for (const body of ['{"name": "half \\ud83d"}', '{"name": "x", "ha\\udc00lf": 1}', '["\\ud800"]']) {
      const answer = await api.call('post', '/jobs').set('Content-Type', 'application/json').send(body)
      expect([answer.status, answer.body.detail]).toEqual([400, expect.stringMatching(/surrogate pair/)])
    }
    const bytes = Buffer.from('{"name": "\xff\xfe"}', 'latin1')
    const broken = await api
      .call('post', '/jobs')
      .set('Content-Type', 'application/json')
      .serialize((body) => body)
      .send(bytes as never)
    expect([broken.status, broken.body.detail]).toEqual([400, 'The body is not UTF-8'])
    const user = { username: 'anna', password: 'correct horse battery', displayName: 'whole \u{1f600}' }
    expect((await api.call('post', '/users').send(user).expect(201)).body.displayName).toBe('whole \u{1f600}')
  })
})

test('what is no JSON, and what is too large, is refused after who calls is known, and audited', async () => {
  await withApi({ limits: { bodyBytes: 2000 } }, async (api) => {
    const send = (as: 'ADMIN' | null, body: string) =>
      api.call('post', '/jobs', as).set('Content-Type', 'application/json').send(body)
    await send(null, '{"name": ').expect(401)
    await send('ADMIN', '{"name": ').expect(400)
    await send('ADMIN', `{"name": "${'x'.repeat(3000)}"}`).expect(413)
    expect((await audited(api)).map(({ status }) => status)).toEqual([400, 413])
  })
})

test('a range that ends before it begins is refused wherever one is taken', async () => {
  await withApi({}, async ({ call }) => {
    const range = 'from=2026-11-02T00:00:00Z&to=2026-11-01T23:59:59Z'
    for (const path of ['/operation-logs', '/executions', '/alerts', '/executions/none/metrics']) {
      const { status, body } = await call('get', `${path}?${range}`)
      expect([path, status, body.detail]).toEqual([path, 400, expect.stringMatching(/`from` .* is later than `to`/)])
    }
    await call('get', '/executions?from=2026-11-02T00:00:00Z&to=2026-11-02T01:00:00%2B01:00').expect(200)
  })
})
