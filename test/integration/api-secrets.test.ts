/** Secrets go in and never come out: not in answers, the audit, the log, or the tables in clear. */
import { describe, expect, test } from '@jest/globals'
import { type LentApi, withApi } from '../support/api.js'

const WORD = 'opensesame-7f3a'

const connection = (password = WORD) => ({
  name: 'shop',
  connector: 'jdbc',
  config: { url: `mysql://reader:${password}@127.0.0.1:1/shop` },
})

async function everything({ database, logged }: LentApi): Promise<string> {
  const tables = await database.query<{ name: string }>(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
  )
  const rows = await Promise.all(tables.map(({ name }) => database.query(`SELECT * FROM ${name}`)))
  return JSON.stringify([rows, logged])
}

describe('connections', () => {
  test('are shown masked, kept encrypted, resolved in clear', async () => {
    await withApi({}, async (api) => {
      const created = await api.call('post', '/connections', 'DEVELOPER').send(connection()).expect(201)
      const { connectionId } = created.body
      const answers = [
        created,
        await api.call('get', '/connections'),
        await api.call('get', `/connections/${connectionId}`),
        await api.call('post', `/connections/${connectionId}/test`, 'DEVELOPER'),
        await api.call('get', '/operation-logs'),
      ]
      for (const answer of answers) expect(JSON.stringify(answer.body)).not.toContain(WORD)
      expect(created.body.config.url).toBe('mysql://reader:***@127.0.0.1:1/shop')
      expect(answers[3]?.body).toMatchObject({ status: 'FAILED' })
      expect(answers[2]?.body.lastTest).toBeNull()
      expect((await api.call('get', `/connections/${connectionId}`)).body.lastTest.status).toBe('FAILED')
      expect(await everything(api)).not.toContain(WORD)
      expect(await api.deps.connections.resolve('shop')).toEqual(connection().config)
    })
  })

  test('keep a secret that is written back masked, and refuse a mask that stands for nothing', async () => {
    await withApi({}, async (api) => {
      const { body } = await api.call('post', '/connections', 'DEVELOPER').send(connection()).expect(201)
      const put = (version: number, config: object) =>
        api.call('put', `/connections/${body.connectionId}`, 'DEVELOPER').send({ ...connection(), config, version })
      expect((await put(1, body.config).expect(200)).body.version).toBe(1)
      expect(await api.deps.connections.resolve('shop')).toEqual(connection().config)
      expect((await put(1, { url: 'mysql://reader:***@elsewhere/shop' }).expect(422)).body.code).toBe('config.invalid')
      expect((await put(1, connection('changed-word-1').config).expect(200)).body.version).toBe(2)
      expect(await api.deps.connections.resolve('shop')).toEqual(connection('changed-word-1').config)
      await put(1, connection('x').config).expect(409)
      await api.call('post', '/connections', 'DEVELOPER').send(connection()).expect(409)
      await api.call('delete', `/connections/${body.connectionId}`, 'DEVELOPER').expect(204)
    })
  })

  test('name each field that does not fit their connector', async () => {
    await withApi({}, async ({ call }) => {
      const { body } = await call('post', '/connections', 'DEVELOPER')
        .send({ ...connection(), config: { url: 7 } })
        .expect(422)
      expect(body.errors[0]).toMatchObject({ pointer: '/config/url', code: 'config.invalid' })
      const unknown = await call('post', '/connections', 'DEVELOPER')
        .send({ ...connection(), connector: 'jdcb' })
        .expect(404)
      expect(unknown.body.hint).toContain('jdbc')
    })
  })

  test('that cannot be decrypted with this key say so', async () => {
    await withApi({}, async (api) => {
      const { body } = await api.call('post', '/connections', 'DEVELOPER').send(connection()).expect(201)
      await api.database.execute("UPDATE etl_connector_config SET config_id = 'moved' WHERE config_id = :id", {
        id: body.connectionId,
      })
      const answer = await api.call('get', '/connections/moved')
      expect(answer.body).toMatchObject({ status: 500, code: 'environment.invalid' })
    })
  })
})

describe('secrets', () => {
  test('are set and removed, and only their names are read', async () => {
    await withApi({}, async (api) => {
      const set = (value: string) =>
        api.call('put', '/secrets/SHOP_PASSWORD').send({ value, description: 'of the shop' })
      const answers = [
        await set('first-value-1').expect(201),
        await set(WORD).expect(200),
        await api.call('get', '/secrets'),
        await api.call('get', '/operation-logs'),
      ]
      for (const answer of answers) expect(JSON.stringify(answer.body)).not.toMatch(/first-value-1|opensesame/)
      expect(answers[2]?.body.items).toMatchObject([{ name: 'SHOP_PASSWORD', version: 2 }])
      expect(await everything(api)).not.toMatch(/first-value-1|opensesame/)
      expect(await api.deps.secrets.resolve('SHOP_PASSWORD')).toBe(WORD)
      await api.call('delete', '/secrets/SHOP_PASSWORD').expect(204)
      await api.call('delete', '/secrets/SHOP_PASSWORD').expect(404)
    })
  })
})

describe('passwords of people', () => {
  test('are nowhere in the audit, whatever a log-in looked like', async () => {
    await withApi({}, async (api) => {
      await api.call('post', '/users').send({ username: 'carla', password: WORD }).expect(201)
      await api.call('post', '/auth/login', null).send({ username: 'carla', password: WORD }).expect(200)
      await api
        .call('post', '/auth/login', null)
        .send({ username: 'carla', password: `${WORD}-wrong` })
        .expect(401)
      await api
        .call('post', '/auth/login', null)
        .send({ username: 'carla', password: [WORD], extra: { token: WORD } })
        .expect(400)
      expect(await everything(api)).not.toContain(WORD)
    })
  })
})

describe('a request that is refused', () => {
  const node = (further: object) => ({ name: 'typo', nodes: [{ id: 'in', source: 'jdbc', ...further }] })
  const inline = (connection: object) =>
    node({ config: { table: 't', connection: { url: 'mysql://h/d', ...connection } } })
  const cases: readonly (readonly [what: string, path: string, body: object])[] = [
    [
      'a misspelt field of a connection',
      '/connections',
      { name: 'shop', connector: 'jdbc', config: { url: 'mysql://h/d', pasword: WORD } },
    ],
    [
      'one below a field',
      '/connections',
      { name: 'shop', connector: 'jdbc', config: { url: 'mysql://h/d', ssl: { pem: WORD } } },
    ],
    [
      'a connection of a misspelt connector',
      '/connections',
      { name: 'shop', connector: 'jdcb', config: { pasword: WORD } },
    ],
    ['a misspelt config', '/connections', { name: 'shop', connector: 'jdbc', confg: { pasword: WORD } }],
    ['an inline connection', '/jobs', inline({ pasword: WORD })],
    [
      'an inline connection of a misspelt connector',
      '/jobs',
      { name: 'typo', nodes: [{ id: 'in', source: 'jdcb', config: { connection: { pasword: WORD } } }] },
    ],
    [
      'an inline connection of a misspelt node',
      '/jobs',
      { name: 'typo', nodes: [{ id: 'in', sorce: 'jdbc', config: { connection: { pasword: WORD } } }] },
    ],
    ['a misspelt connection', '/jobs', node({ config: { table: 't', conection: { pasword: WORD } } })],
    ['a misspelt config of a node', '/jobs', node({ confg: { connection: { pasword: WORD } } })],
    [
      'nodes that are no list',
      '/jobs',
      { name: 'typo', nodes: { in: { source: 'jdbc', config: { connection: { pasword: WORD } } } } },
    ],
  ]
  test('leaves no secret in the audit, wherever it stood', async () => {
    await withApi({}, async (api) => {
      for (const [what, path, body] of cases) {
        const { status } = await api.call('post', path).send(body)
        const [log] = await api.database.query<{ request_params: string }>(
          'SELECT request_params FROM etl_operation_log',
        )
        expect({ what, refused: status >= 400, log: log?.request_params }).toEqual({
          what,
          refused: true,
          log: expect.stringMatching(/^(?=.*(shop|typo))(?!.*opensesame).*$/s),
        })
        await api.database.execute('DELETE FROM etl_operation_log')
      }
    })
  }, 120_000)
})

describe('a job spec with a password in an inline connection', () => {
  test('is shown masked, and may be written back so', async () => {
    await withApi({}, async (api) => {
      const { database } = api
      const { save } = api.deps.jobs
      const graph = {
        stream: { nodes: [], edges: [] },
        vertices: [],
        edges: [],
        phases: [],
        maxParallelism: 128,
        notChained: [],
      }
      const spec = {
        name: 'inline',
        nodes: [{ id: 'in', source: 'jdbc', config: { connection: { url: `mysql://u:${WORD}@h/d` }, table: 't' } }],
      }
      const settings = {
        name: 'inline',
        type: 'BATCH',
        restart: { strategy: 'NONE' },
        parallelism: 1,
        maxParallelism: 128,
        maxConcurrentRuns: 1,
        priority: 0,
        tags: [],
      }
      const { jobId } = await save({ spec, settings: settings as never, graph, description: null, savedBy: null })
      const { body } = await api.call('get', `/jobs/${jobId}`).expect(200)
      expect(body.spec.nodes[0].config.connection.url).toBe('mysql://u:***@h/d')
      await api
        .call('get', `/jobs/${jobId}/versions`)
        .expect(200)
        .expect((answer) => expect(JSON.stringify(answer.body)).not.toContain(WORD))
      const same = await api.call('put', `/jobs/${jobId}`).set('If-Match', '"1"').send(body.spec).expect(200)
      expect(same.body.version).toBe(1)
      const [log] = await database.query<{ request_params: string }>('SELECT request_params FROM etl_operation_log')
      expect(log?.request_params).not.toContain(WORD)
    })
  })
})
