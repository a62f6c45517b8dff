/** Custom connectors: tried apart, registered, named by jobs, disabled, removed; and a module that misbehaves harms nobody. */
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { openConnectors } from '../../connectors/custom/open-connectors.js'
import { connectorStore } from '../../models/stores/connector-store.js'
import { type LentApi, withApi } from '../support/api.js'

const examples = fileURLToPath(new URL('../../examples/connectors', import.meta.url))

/** A connector with a connection, whose sink and source are never opened. */
const crm = (change = '') => `export const crm = {
  name: 'crm', version: '1.0.0', summary: 'Customers.',
  connection: {
    config: {
      type: 'object', required: ['url'], additionalProperties: false,
      properties: { url: { type: 'string', description: 'Where.' }, pin: { type: 'string', secret: true, description: 'Opens it.' } },
    },
    check: async ({ url, pin }) => { if (pin !== '7351-pin') throw new Error('wrong pin ' + pin); return 'Hello ' + url },
  },
  source: {
    config: {
      type: 'object', required: ['what'], additionalProperties: false,
      properties: {
        what: { enum: ['people', 'firms'], description: 'Which.' },
        word: { type: 'string', secret: true, description: 'A word.' },
        connection: { description: 'Which.' },
      },
    },
    guarantees: { replayable: false, parallel: false },
    open: () => ({ schema: async () => [{ name: 'id', type: 'BIGINT' }], plan: async () => ({ splits: [], to: 0, end: true }) }),
  },
  ${change}
}
export default crm
`

async function given(api: LentApi, modules: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, text] of Object.entries(modules)) {
    const file = join(api.folder, 'connectors', name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
}

const register = (api: LentApi, connectorClass: string, more: object = {}) =>
  api.call('post', '/connectors').send({ class: connectorClass, ...more })

const days = (config: object, name = 'days') => ({
  name,
  nodes: [
    { id: 'in', source: 'calendar', config },
    { id: 'out', sink: 'file', input: 'in', config: { path: 'out', format: 'csv' } },
  ],
})
const year = { from: '2026-01-01', to: '2026-12-31' }

describe('a custom connector', () => {
  test('is tried, listed with its version and schemas, and validates what jobs say of it', async () => {
    await withApi({}, async (api) => {
      await cp(examples, join(api.folder, 'connectors'), { recursive: true })
      expect((await api.call('post', '/jobs').send(days(year)).expect(422)).body.errors[0]).toMatchObject({
        pointer: '/nodes/0/source',
      })
      await api.call('post', '/connectors', 'DEVELOPER').send({ class: 'calendar.mjs#calendar' }).expect(403)
      const made = await register(api, 'calendar.mjs#calendar').expect(201)
      expect(made.body).toMatchObject({
        name: 'calendar',
        type: 'CUSTOM',
        class: 'calendar.mjs#calendar',
        connectorVersion: '1.0.0',
        isBuiltin: false,
        isEnabled: true,
        connection: null,
        source: { guarantees: { replayable: true, parallel: true }, config: { required: ['from', 'to'] } },
        sink: null,
      })
      const { items } = (await api.call('get', '/connectors', 'USER').expect(200)).body
      const listed = new Map(items.map((one: { name: string }) => [one.name, one]))
      expect(listed.get('calendar')).toMatchObject({ source: true, sink: false, isBuiltin: false })
      expect(listed.get('file')).toMatchObject({ source: true, sink: true, isBuiltin: true })

      const wrong = await api
        .call('post', '/jobs')
        .send(days({ from: 'soon', til: '2026-12-31' }))
        .expect(422)
      expect(wrong.body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
        '/nodes/0/config/from',
        '/nodes/0/config/til',
        '/nodes/0/config/to',
      ])
      const saved = await api.call('post', '/jobs').send(days(year)).expect(201)
      const graph = await api.call('get', `/jobs/${saved.body.jobId}/graph`)
      expect(graph.body.streamGraph.nodes[0].schema[0]).toEqual({ name: 'day', type: 'DATE' })
      await register(api, 'calendar.mjs#calendar').expect(409)
    })
  })

  test('that jobs name is not removed, and disabled it serves nobody until it is enabled again', async () => {
    await withApi({}, async (api) => {
      await cp(examples, join(api.folder, 'connectors'), { recursive: true })
      await register(api, 'calendar', { enabled: false }).expect(201)
      const refused = await api.call('post', '/jobs').send(days(year)).expect(422)
      expect(refused.body.errors[0]).toMatchObject({ pointer: '/nodes/0/source', code: 'connector.unavailable' })
      const put = (body: object) => api.call('put', '/connectors/calendar').send(body)
      await put({ enabled: true }).expect(400)
      await put({ enabled: true, version: 7 }).expect(409)
      expect((await put({ enabled: true, version: 1 }).expect(200)).body).toMatchObject({ isEnabled: true, version: 2 })
      const { body } = await api.call('post', '/jobs').send(days(year)).expect(201)
      const inUse = await api.call('delete', '/connectors/calendar').expect(409)
      expect(inUse.body.detail).toBe('The connector calendar is used by job days')
      await api.call('delete', `/jobs/${body.jobId}`).expect(204)
      await api.call('delete', '/connectors/calendar').expect(204)
      await api.call('get', '/connectors/calendar').expect(404)
      await api.call('delete', '/connectors/file').expect(409)
    })
  })

  test('has connections, whose secrets are those of its schema', async () => {
    await withApi({}, async (api) => {
      await given(api, { 'crm.mjs': crm() })
      await register(api, 'crm.mjs#crm').expect(201)
      const bad = { name: 'office', connector: 'crm', config: { pin: '7351-pin', door: 1 } }
      const { body } = await api.call('post', '/connections').send(bad).expect(422)
      expect(body.errors.map(({ pointer }: { pointer: string }) => pointer).sort()).toEqual([
        '/config/door',
        '/config/url',
      ])
      const config = { url: 'crm://here', pin: '7351-pin' }
      const made = await api
        .call('post', '/connections')
        .send({ ...bad, config })
        .expect(201)
      expect(made.body.config).toEqual({ url: 'crm://here', pin: '***' })
      const path = `/connections/${made.body.connectionId}`
      expect((await api.call('post', `${path}/test`).expect(200)).body).toMatchObject({
        status: 'OK',
        message: 'Hello crm://here',
      })
      expect((await api.call('post', `${path}/discover`).expect(422)).body.code).toBe('request.unsupported')
      expect((await api.call('delete', '/connectors/crm').expect(409)).body.detail).toContain('connection office')

      const spec = {
        name: 'people',
        nodes: [
          { id: 'in', source: 'crm', config: { what: 'people', word: '7351-pin', connection: 'office' } },
          { id: 'out', sink: 'file', input: 'in', config: { path: 'out', format: 'csv' } },
        ],
      }
      const saved = await api.call('post', '/jobs').send(spec).expect(201)
      expect(saved.body.spec.nodes[0].config.word).toBe('***')
      const stored = await api.database.query(
        'SELECT config FROM etl_job UNION ALL SELECT request_params FROM etl_operation_log',
      )
      expect(JSON.stringify(stored)).not.toContain('7351-pin')
    })
  })

  test('of another version than the one that was tried is not used', async () => {
    await withApi({}, async (api) => {
      await given(api, { 'crm.mjs': crm() })
      await register(api, 'crm.mjs#crm').expect(201)
      await given(api, { 'crm.mjs': crm("version: '2.0.0',") })
      const fresh = () => openConnectors([], connectorStore(api.database).registered, join(api.folder, 'connectors'))
      await expect(fresh().need(['crm'])).rejects.toMatchObject({
        code: 'connector.unavailable',
        message: 'crm.mjs#crm is crm 2.0.0 here; crm 1.0.0 is needed.',
      })
      const taken = await api.call('put', '/connectors/crm').send({ enabled: true, version: 1 }).expect(200)
      expect(taken.body.connectorVersion).toBe('2.0.0')
      const { list, need } = fresh()
      await need(['crm'])
      expect(list.map(({ name }) => name)).toEqual(['crm'])
    })
  })

  test('comes from a package, too', async () => {
    await withApi({}, async (api) => {
      await given(api, {
        'node_modules/@acme/crm/package.json':
          '{ "name": "@acme/crm", "type": "module", "exports": { ".": { "import": "./lib/main.js" } } }',
        'node_modules/@acme/crm/lib/main.js': `import { word } from 'other'\n${crm('summary: word,')}`,
        'node_modules/other/package.json': '{ "name": "other", "type": "module", "main": "index.js" }',
        'node_modules/other/index.js': "export const word = 'from another package'",
      })
      const { body } = await register(api, '@acme/crm#crm').expect(201)
      expect(body).toMatchObject({ name: 'crm', summary: 'from another package' })
    })
  })
})

describe('a module that is no connector', () => {
  const misbehaved: Readonly<Record<string, readonly [string, RegExp]>> = {
    'loops.mjs': ['for (;;);', /takes longer than 15 seconds/],
    'exits.mjs': ['process.exit(7)', /ended its process \(exit code 7\)/],
    'grows.mjs': ['const all = []; for (;;) all.push(new Array(1e5).fill(0.5))', /ran out of memory/],
    'throws.mjs': ["throw new Error('not today')", /not today/],
    'breaks.mjs': ['export default (', /cannot be loaded/],
    'writes.mjs': ["import { writeFileSync } from 'node:fs'\nwriteFileSync('written', '')", /[Aa]ccess/],
    'starts.mjs': ["import { execSync } from 'node:child_process'\nexecSync('true')", /[Aa]ccess/],
    'looks.mjs': [
      "throw new Error('sees ' + Object.keys(process.env).filter((name) => /SECRET|MYSQL|TOKEN/.test(name)).join())",
      /: sees $/,
    ],
    'empty.mjs': ['export const other = 1', /is not exported/],
    'number.mjs': ['export default 7', /exports no connector: it is no object/],
    'bare.mjs': ["export default { name: 'Bare' }", /`name` has to be.*`version`.*neither `source` nor `sink`/],
    'half.mjs': [
      "export default { name: 'half', version: '1', summary: 's', source: { config: { type: 'object' }, guarantees: { replayable: true } } }",
      /`source.open` has to be a function; `source.guarantees.parallel`/,
    ],
    'odd.mjs': [
      "export default { name: 'odd', version: '1', summary: 's', source: { config: { type: 'object', if: {} }, guarantees: { replayable: true, parallel: true }, open() {} } }",
      /JSON Schema of its source cannot be used/,
    ],
  }

  test('is refused with what is wrong, and whatever it does it does apart', async () => {
    await withApi({}, async (api) => {
      await given(api, Object.fromEntries(Object.entries(misbehaved).map(([name, [text]]) => [name, text])))
      await writeFile(join(api.folder, 'outside.mjs'), crm())
      await symlink(join(api.folder, 'outside.mjs'), join(api.folder, 'connectors', 'link.mjs'))
      process.env.ETL_SECRET_OF_TEST = 'x'
      for (const [name, [, why]] of Object.entries(misbehaved)) {
        const { body } = await register(api, name).expect(422)
        expect([name, body.code, body.detail]).toEqual([name, 'connector.unavailable', expect.stringMatching(why)])
      }
      for (const name of ['../outside.mjs', 'link.mjs', '/etc/passwd', 'node:fs', 'fs', 'no-such', 'a b#c'])
        expect([name, (await register(api, name)).body.code]).toEqual([name, 'connector.unavailable'])
      await expect(readFile(join(api.folder, 'connectors', 'written'))).rejects.toThrow('ENOENT')
      expect(
        (await api.call('get', '/connectors')).body.items.filter((one: { isBuiltin: boolean }) => !one.isBuiltin),
      ).toEqual([])
    })
  }, 90_000)
})
