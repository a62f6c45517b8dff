/** Secrets in places that are not made for them: in no answer, in no row, and not in the audit. */
import { expect, test } from '@jest/globals'
import { type LentApi, withApi } from '../support/api.js'

const everything = async ({ database }: LentApi, table: string) =>
  JSON.stringify(await database.query(`SELECT * FROM ${table}`))

test('bodies of another shape than a route takes are not in the audit, but for the fields that it knows', async () => {
  await withApi({}, async (api) => {
    const calls: readonly (readonly ['post' | 'put' | 'delete', string, object])[] = [
      ['put', '/me/password', ['planted old', 'planted new']],
      ['post', '/auth/login', { user: 'anna', pass: 'planted pass' }],
      ['post', '/auth/login', { username: 'anna', password: { word: 'planted word' }, 2: 'planted two' }],
      ['put', '/secrets/N', { val: 'planted val', description: 'of the shop' }],
      ['put', '/secrets/N', ['planted list']],
      ['post', '/users', { username: 'anna', passwort: 'planted passwort' }],
      ['post', '/tokens', { name: 'mine', hint: 'planted hint' }],
      ['post', '/alert-rules', ['planted rule']],
      ['post', '/jobs', ['planted job']],
      ['post', '/auth/logout', { word: 'planted farewell' }],
    ]
    for (const [method, path, body] of calls) await api.call(method, path).send(body)
    const rows = await everything(api, 'etl_operation_log')
    expect(rows).not.toContain('planted')
    expect(rows.match(/log_id/g)).toHaveLength(calls.length)
    for (const kept of ['anna', 'of the shop', 'mine']) expect(rows).toContain(kept)
  })
})

test('parameters of URLs that are called like secrets, and headers, are sealed, masked, and kept when written back', async () => {
  await withApi({}, async (api) => {
    const configs: readonly (readonly [string, object, object])[] = [
      [
        'jdbc',
        { url: 'mysql://h:3306/shop?password=planted-1&ssl=true' },
        { url: 'mysql://h:3306/shop?password=***&ssl=true' },
      ],
      [
        'http',
        {
          url: 'https://h/v1?api_key=planted-2&page=3&sig=planted-3',
          headers: { 'X-Foo': 'planted-4', Accept: 'text/csv', 'X-Ref': '${secret:SHOP}' },
        },
        {
          url: 'https://h/v1?api_key=***&page=3&sig=***',
          headers: { 'X-Foo': '***', Accept: 'text/csv', 'X-Ref': '${secret:SHOP}' },
        },
      ],
    ]
    for (const [connector, config, shown] of configs) {
      const made = await api.call('post', '/connections').send({ name: connector, connector, config }).expect(201)
      expect(made.body.config).toEqual(shown)
      const path = `/connections/${made.body.connectionId}`
      const description = 'changed'
      const back = { name: connector, connector, config: shown, description, version: 1 }
      expect((await api.call('put', path).send(back).expect(200)).body.config).toEqual(shown)
      expect((await api.call('get', path)).body.config).toEqual(shown)
      expect(await api.deps.connections.resolve(connector)).toEqual(config)
    }
    const spec = {
      name: 'pages',
      delivery: 'AT_LEAST_ONCE',
      nodes: [
        {
          id: 'in',
          source: 'http',
          config: {
            url: 'https://h/v1?access_token=planted-5',
            headers: { 'X-Tenant': 'planted-6' },
            query: { key: 'planted-7', page: '1' },
            columns: { id: 'BIGINT' },
          },
        },
        { id: 'out', sink: 'print', input: 'in', config: {} },
      ],
    }
    const saved = await api.call('post', '/jobs').send(spec)
    expect([saved.status, saved.body.errors]).toEqual([201, undefined])
    expect(saved.body.spec.nodes[0].config).toMatchObject({
      url: 'https://h/v1?access_token=***',
      headers: { 'X-Tenant': '***' },
      query: { key: '***', page: '1' },
    })
    const tables = ['etl_operation_log', 'etl_connector_config', 'etl_job', 'etl_job_version', 'etl_graph_node']
    for (const table of tables)
      expect([table, await everything(api, table)]).toEqual([table, expect.not.stringContaining('planted')])
  })
})

test('a secret that is kept does not follow a host that is no URL', async () => {
  await withApi({}, async (api) => {
    const config = (broker: string, password: string) => ({
      brokers: [broker],
      sasl: { mechanism: 'PLAIN', username: 'u', password },
    })
    const body = { name: 'topics', connector: 'kafka', config: config('h:9092', 'word') }
    const made = await api.call('post', '/connections').send(body)
    expect([made.status, made.body.errors]).toEqual([201, undefined])
    const moved = { ...body, config: config('i:9092', '***'), version: 1 }
    const path = `/connections/${made.body.connectionId}`
    expect((await api.call('put', path).send(moved).expect(422)).body.detail).toMatch(/address .* has changed/)
  })
})
