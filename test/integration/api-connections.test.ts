/** Connections that jobs share: who names them, what that forbids, what they lead to, and the keys that seal them. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { connectionStore } from '../../models/stores/connection-store.js'
import { jobStore } from '../../models/stores/job-store.js'
import { keyRotation } from '../../models/stores/key-rotation.js'
import { secretStore } from '../../models/stores/secret-store.js'
import { type LentApi, withApi } from '../support/api.js'
import { describeWithKafka } from '../support/describe-with-kafka.js'
import { makeTopic } from '../support/kafka.js'

interface Made {
  readonly connectionId: string
  readonly version: number
}

async function makeConnection(api: LentApi, name = 'shop', more: object = {}): Promise<Made> {
  const body = { name, connector: 'jdbc', config: { url: api.url }, ...more }
  return (await api.call('post', '/connections', 'DEVELOPER').send(body).expect(201)).body
}

const jobInto = (connection: unknown, name = 'load') => ({
  name,
  nodes: [
    { id: 'in', source: 'file', config: { path: 'in.csv' } },
    { id: 'out', sink: 'jdbc', input: 'in', config: { connection, table: 'target', createTable: true } },
  ],
})

async function makeJob(api: LentApi, spec: object): Promise<{ jobId: string; version: number }> {
  await writeFile(join(api.folder, 'in.csv'), 'id,amount\n1,10\n')
  return (await api.call('post', '/jobs').send(spec).expect(201)).body
}

describe('what is wrong is said where it is', () => {
  test('in the config of a connection, with the field that may have been meant', async () => {
    await withApi({}, async (api) => {
      const config = { url: 'mysql://h/d', pasword: '${secret:SHOP}', ssl: { regectUnauthorized: true }, user: '' }
      const { body } = await api
        .call('post', '/connections')
        .send({ name: 'shop', connector: 'jdbc', config })
        .expect(422)
      expect(body.errors).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ pointer: '/config/pasword', hint: expect.stringContaining('password') }),
          expect.objectContaining({ pointer: '/config/user' }),
          expect.objectContaining({
            pointer: '/config/ssl/regectUnauthorized',
            hint: expect.stringContaining('rejectUnauthorized'),
          }),
        ]),
      )
      expect(body.errors).toHaveLength(3)
      // What a reference stands for is not known yet.
      await makeConnection(api, 'later', { config: { url: '${env:SHOP_URL}' } })
    })
  })

  test('in a query that has two columns of one name', async () => {
    await withApi({}, async (api) => {
      const spec = jobInto({ url: api.url })
      const source = {
        id: 'in',
        source: 'jdbc',
        config: { connection: { url: api.url }, query: 'SELECT 1 AS a, 2 AS a' },
      }
      const { body } = await api
        .call('post', '/jobs/validate')
        .send({ ...spec, nodes: [source, spec.nodes[1]] })
        .expect(422)
      expect(body.errors).toMatchObject([{ pointer: '/nodes/0/config/query', nodeId: 'in' }])
    })
  })
})

describe('a connection that a job names', () => {
  test('says who names it, and cannot be removed until nobody does', async () => {
    await withApi({}, async (api) => {
      const { connectionId } = await makeConnection(api)
      const path = `/connections/${connectionId}`
      expect((await api.call('get', `${path}/usage`, 'USER').expect(200)).body).toEqual({ items: [] })
      const { jobId } = await makeJob(api, jobInto('shop'))
      await makeJob(api, jobInto({ url: api.url }, 'another'))
      expect((await api.call('get', `${path}/usage`).expect(200)).body.items).toEqual([
        {
          jobId,
          jobName: 'load',
          jobVersion: 1,
          isCurrent: true,
          nodes: [{ id: 'out', type: 'SINK' }],
          executionIds: [],
        },
      ])
      const refused = await api.call('delete', path, 'DEVELOPER').expect(409)
      expect(refused.body).toMatchObject({ code: 'conflict', detail: 'Connection shop is used by load (out)' })
      expect((await api.call('get', '/connections')).body.items).toHaveLength(1)

      await api.call('delete', `/jobs/${jobId}`).expect(204)
      await api.call('delete', path, 'DEVELOPER').expect(204)
      await api.call('get', `${path}/usage`).expect(404)
    })
  })

  test('is held by an execution of an older version, too, for as long as that goes on', async () => {
    await withApi({}, async (api) => {
      const { connectionId } = await makeConnection(api)
      const { jobId } = await makeJob(api, jobInto('shop'))
      const { body } = await api.call('post', `/jobs/${jobId}/executions`).send({}).expect(202)
      await api
        .call('put', `/jobs/${jobId}`)
        .set('If-Match', '"1"')
        .send(jobInto({ url: api.url }))
        .expect(200)
      const { items } = (await api.call('get', `/connections/${connectionId}/usage`)).body
      expect(items).toMatchObject([{ jobVersion: 1, isCurrent: false, executionIds: [body.executionId] }])
      const refused = await api.call('delete', `/connections/${connectionId}`).expect(409)
      expect(refused.body.detail).toContain('load (out) in version 1, which still runs')
      await api.call('post', `/executions/${body.executionId}/cancel`).expect(202)
      await api.call('delete', `/connections/${connectionId}`).expect(204)
    })
  })

  test('keeps its name, its connector and the side that the job needs; the rest may change', async () => {
    await withApi({}, async (api) => {
      const { connectionId } = await makeConnection(api)
      await makeConnection(api, 'taken')
      const put = (version: number, change: object) =>
        api
          .call('put', `/connections/${connectionId}`, 'DEVELOPER')
          .send({ name: 'shop', connector: 'jdbc', config: { url: api.url }, version, ...change })
      expect((await put(1, { name: 'taken' }).expect(409)).body.detail).toContain('already')
      await makeJob(api, jobInto('shop'))
      const wrong = [
        { name: 'store' },
        { usage: 'SOURCE' },
        { connector: 'kafka', config: { brokers: ['127.0.0.1:9'] } },
      ]
      for (const change of wrong) {
        const { body } = await put(1, change).expect(409)
        expect([body.detail, body.errors[0].pointer]).toEqual([
          'Connection shop is used by load (out)',
          `/${Object.keys(change)[0]}`,
        ])
      }
      await put(1, { usage: 'SINK', description: 'the shop' }).expect(200)
    })
  })

  test('is one of its connector, meant for its side, and there when the job is saved', async () => {
    await withApi({}, async (api) => {
      await makeConnection(api, 'reading', { usage: 'SOURCE' })
      await writeFile(join(api.folder, 'in.csv'), 'id,amount\n1,10\n')
      const unmeant = await api.call('post', '/jobs').send(jobInto('reading')).expect(422)
      expect(unmeant.body.errors[0]).toMatchObject({
        nodeId: 'out',
        pointer: '/nodes/1/config/connection',
        message: expect.stringContaining('meant for sources only'),
      })
      expect((await api.call('post', '/jobs').send(jobInto('nowhere')).expect(422)).body.errors[0]).toMatchObject({
        pointer: '/nodes/1/config/connection',
      })
      expect((await api.call('get', '/jobs')).body.items).toEqual([])
    })
  })

  test('is never lost to a job that is saved while it is removed', async () => {
    await withApi({}, async (api) => {
      await writeFile(join(api.folder, 'in.csv'), 'id,amount\n1,10\n')
      for (let round = 0; round < 8; round += 1) {
        const { connectionId } = await makeConnection(api, `shop-${round}`)
        const compiled = await api.deps.compile(jobInto(`shop-${round}`, `load-${round}`))
        if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems))
        const { settings, graph } = compiled
        const definition = { spec: jobInto(`shop-${round}`, `load-${round}`), settings, graph }
        const [saved, removed] = await Promise.allSettled([
          api.deps.jobs.save({ ...definition, description: null, savedBy: null }),
          api.deps.connections.remove(connectionId, null),
        ])
        expect([saved.status, removed.status].sort()).toEqual(['fulfilled', 'rejected'])
      }
    })
  })
})

describe('a connection', () => {
  test('whose password is a reference keeps it where everybody sees it, and resolves it where it is used', async () => {
    await withApi({}, async (api) => {
      const url = new URL(api.url)
      const config = { url: `mysql://\${secret:SHOP_USER}:\${secret:SHOP_WORD}@${url.host}${url.pathname}` }
      const { connectionId } = await makeConnection(api, 'shop', { config })
      expect((await api.call('get', `/connections/${connectionId}`)).body.config).toEqual(config)
      const trial = () => api.call('post', `/connections/${connectionId}/test`, 'DEVELOPER').expect(200)
      expect((await trial()).body).toMatchObject({
        status: 'FAILED',
        message: expect.stringContaining('no secret SHOP_USER'),
      })
      await api.call('put', '/secrets/SHOP_USER').send({ value: url.username }).expect(201)
      await api.call('put', '/secrets/SHOP_WORD').send({ value: 'opensesame-word' }).expect(201)
      const tried = await trial()
      expect(tried.body).toMatchObject({ status: 'FAILED', code: 'connection.denied' })
      expect(JSON.stringify([tried.body, api.logged])).not.toContain('opensesame')
    })
  })

  test('reads no variable but those whose names begin with ETL_VAR_', async () => {
    await withApi({}, async (api) => {
      const { connectionId } = await makeConnection(api, 'shop', { config: { url: 'mysql://u:${env:HOME}@h/d' } })
      const { body } = await api.call('post', `/connections/${connectionId}/test`, 'DEVELOPER').expect(200)
      expect(body).toMatchObject({ status: 'FAILED', code: 'config.invalid' })
      expect(`${body.message} ${body.hint}`).toContain('ETL_VAR_')
    })
  })

  test('keeps a secret that is masked for its own address only, and so does a job', async () => {
    await withApi({}, async (api) => {
      const config = { url: 'mysql://root@127.0.0.1:1/d', password: 'opensesame-word' }
      const { connectionId, version } = await makeConnection(api, 'shop', { config })
      const change = (url: string) =>
        api
          .call('put', `/connections/${connectionId}`, 'DEVELOPER')
          .send({ name: 'shop', connector: 'jdbc', version, config: { url, password: '***' } })
      const refused = await change('mysql://root@127.0.0.2:1/d').expect(422)
      expect(refused.body.errors[0]).toMatchObject({ code: 'config.invalid', pointer: '/config/password' })
      await change('mysql://root@127.0.0.1:1/e').expect(200)

      const job = await makeJob(api, jobInto({ url: api.url, password: 'opensesame-word' }))
      const moved = jobInto({ url: 'mysql://root@127.0.0.2:1/d', password: '***' })
      const answer = await api
        .call('put', `/jobs/${job.jobId}`, 'DEVELOPER')
        .send({ ...moved, version: job.version })
        .expect(422)
      expect(answer.body.errors[0]).toMatchObject({ pointer: '/nodes/1/config/connection/password' })
    })
  })

  test('is not made with a mask in place of a secret', async () => {
    await withApi({}, async ({ call }) => {
      const body = { name: 'shop', connector: 'jdbc', config: { url: 'mysql://u:***@h/d' } }
      const answer = await call('post', '/connections').send(body).expect(422)
      expect(answer.body.errors[0]).toMatchObject({ pointer: '/config/url' })
    })
  })
})

describeWithKafka('a connection to a broker', (lent) => {
  test('lists its topics by name', async () => {
    await makeTopic(lent.brokers, 'orders-b')
    await makeTopic(lent.brokers, 'orders-a')
    await withApi({}, async (api) => {
      const made = await makeConnection(api, 'bus', { connector: 'kafka', config: { brokers: [lent.brokers] } })
      const path = `/connections/${made.connectionId}/discover`
      await api.call('post', path, 'USER').expect(403)
      const { body } = await api.call('post', path, 'DEVELOPER').expect(200)
      expect(body.items.filter(({ name }: { name: string }) => name.startsWith('orders-'))).toEqual([
        { name: 'orders-a', kind: 'TOPIC', columns: null },
        { name: 'orders-b', kind: 'TOPIC', columns: null },
      ])
      const gone = await makeConnection(api, 'gone', { connector: 'kafka', config: { brokers: ['127.0.0.1:1'] } })
      const refused = await api.call('post', `/connections/${gone.connectionId}/discover`)
      expect(refused.body).toMatchObject({ code: 'connection.refused' })
    })
  })
})

describe('a new key', () => {
  const newKey = () => randomBytes(32).toString('base64')

  test('takes over everything that an older one has encrypted, and the older one may go', async () => {
    await withApi({}, async (api) => {
      const word = 'opensesame-9a1c'
      await makeConnection(api, 'shop', { config: { url: `mysql://u:${word}@h/d`, password: word } })
      await api.call('put', '/secrets/WORD').send({ value: word }).expect(201)
      const url = new URL(api.url)
      const spec = jobInto({ url: api.url, password: '' })
      const inline = { ...spec.nodes[1]!.config, connection: { url: `mysql://${url.username}:x@${url.host}/d` } }
      const nodes = [spec.nodes[0], { ...spec.nodes[1], config: inline }]
      const graph = { ...(await compiled(api)).graph }
      const stream = { ...graph.stream, nodes: graph.stream.nodes.map(withInline(inline)) }
      const { settings } = await compiled(api)
      const definition = { settings, graph: { ...graph, stream }, description: null, savedBy: null }
      const saved = await api.deps.jobs.save({ ...definition, spec: { ...spec, nodes } })

      const [older, newer] = [api.secretKey, newKey()]
      const rotated = await keyRotation(api.database, `${newer},${older}`)()
      expect(rotated).toMatchObject({ connections: 1, secrets: 1, jobs: 1, unreadable: [] })
      expect(await connectionStore(api.database, newer).resolve('shop')).toEqual({
        url: `mysql://u:${word}@h/d`,
        password: word,
      })
      expect(await secretStore(api.database, newer).resolve('WORD')).toBe(word)
      const rows = await ciphertexts(api)
      expect(rows.length).toBeGreaterThanOrEqual(7)
      expect(new Set(rows.map((text) => text.split('.')[1]))).toEqual(new Set([rotated.keyId]))
      const store = jobStore(api.database, { secretKey: newer, schemas: api.deps.configSchemas })
      expect((await store.get(saved.jobId)).spec).toEqual({ ...spec, nodes })
      expect((await store.graph(saved.jobId)).stream).toEqual(stream)
      expect(await keyRotation(api.database, newer)()).toMatchObject({ connections: 0, secrets: 0, jobs: 0 })
    })
  })

  test('leaves what no key reads as it is, and names it', async () => {
    await withApi({}, async (api) => {
      await makeConnection(api, 'shop', { config: { url: 'mysql://u:word@h/d' } })
      await api.call('put', '/secrets/WORD').send({ value: 'w' }).expect(201)
      const before = await ciphertexts(api)
      const other = newKey()
      const done = await keyRotation(api.database, other)()
      expect(done).toMatchObject({
        connections: 0,
        secrets: 0,
        unreadable: [
          { kind: 'CONNECTION', name: 'shop' },
          { kind: 'SECRET', name: 'WORD' },
        ],
      })
      expect(await ciphertexts(api)).toEqual(before)
      const { body } = await api.call('post', '/keys/rotate').expect(200)
      expect(body).toMatchObject({ connections: 0, secrets: 0, jobs: 0, unreadable: [] })
    })
  })
})

const compiled = async (api: LentApi) => {
  await writeFile(join(api.folder, 'in.csv'), 'id,amount\n1,10\n')
  const done = await api.deps.compile(jobInto({ url: api.url }))
  if (!done.ok) throw new Error(JSON.stringify(done.problems))
  return done
}

const withInline =
  (config: object) =>
  <Node extends { readonly id: string; readonly config: object }>(node: Node): Node =>
    node.id === 'out' ? { ...node, config } : node

/** Every ciphertext of the catalogue. */
async function ciphertexts({ database }: LentApi): Promise<string[]> {
  const columns = {
    etl_connector_config: 'connection_config',
    etl_secret: 'secret_value',
    etl_job: 'config',
    etl_job_version: 'CONCAT(spec, job_graph)',
    etl_stream_graph: 'graph_json',
    etl_graph_node: 'config',
  }
  const rows = await Promise.all(
    Object.entries(columns).map(([table, column]) =>
      database.query<{ text: string }>(`SELECT ${column} AS text FROM ${table} ORDER BY id`),
    ),
  )
  return rows.flat().flatMap(({ text }) => text.match(/v1\.[0-9a-f]{8}\.[\w-]+\.[\w-]*\.[\w-]+/g) ?? [])
}
