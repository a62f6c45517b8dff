/** Whatever goes wrong between a connector and its system, no error tells a secret: not its words, its hint, its cause. */
import { createServer, type Server, type Socket } from 'node:net'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { connectors } from '../../connectors/index.js'
import type { Connector, ConnectorContext } from '../../connectors/spi.js'
import { type ConfigSchema, jsonSchemaOf } from '../../core/config/schema.js'
import { fieldCases } from './config-cases.js'
import { fence } from './sink-suite.js'

const word = 'pa55-word-7c1e'

/** Valid configs that reach for `address`, with the word in every place where a secret may stand. */
interface Sample {
  readonly connection?: unknown
  readonly source?: (connection: unknown) => object
  readonly sink?: (connection: unknown) => object
}

type Samples = Readonly<Record<string, (address: string) => readonly Sample[]>>

const samples: Samples = {
  file: (address) => {
    const folder = (connection: unknown) => ({ connection, path: 's3://bucket/in/x.csv', format: 'csv' })
    const keys = { accessKeyId: 'someone', secretAccessKey: word, sessionToken: word }
    return [{ connection: { endpoint: `http://${address}`, region: 'r', ...keys }, source: folder, sink: folder }]
  },
  jdbc: (address) => {
    const table = (connection: unknown) => ({ connection, table: 't' })
    const connections = [
      { url: `mysql://user:${word}@${address}/db` },
      { url: `mysql://${address}/db`, user: 'u', password: word },
    ]
    return connections.map((connection) => ({ connection, source: table, sink: table }))
  },
  http: (address) => {
    const url = `http://${address}`
    const path = (connection: unknown) => ({ connection, url: '/orders', retry: { attempts: 1 } })
    const ways = [
      { type: 'BASIC', username: 'u', password: word },
      { type: 'BEARER', token: word },
      { type: 'API_KEY', value: word, in: 'QUERY' },
      { type: 'API_KEY', value: word },
      { type: 'OAUTH2', tokenUrl: `${url}/token`, clientId: 'c', clientSecret: word },
      { type: 'OAUTH2', tokenUrl: `${url}/token`, clientId: 'c', clientSecret: word, clientAuth: 'BODY' },
    ]
    return ways.map((auth) => ({
      connection: { url, auth, retry: { attempts: 1 } },
      source: path,
      sink: path,
    }))
  },
  kafka: (address) => {
    const topic = (connection: unknown) => ({ connection, topic: 't' })
    const sasl = { mechanism: 'PLAIN', username: 'u', password: word }
    const tls = { key: `-----BEGIN PRIVATE KEY-----\n${word}`, passphrase: word, rejectUnauthorized: false }
    const connections = [
      { brokers: [address], sasl },
      { brokers: [address], tls },
    ]
    return connections.map((connection) => ({ connection, source: topic, sink: topic }))
  },
}

/** How a peer can be of no use. */
const peers: Readonly<Record<string, (socket: Socket) => void>> = {
  'hangs up': (socket) => socket.destroy(),
  'speaks nonsense': (socket) => void socket.end(Buffer.from(`${'nonsense '.repeat(20)}\r\n\r\n`)),
}

describe.each(connectors.filter(holdsSecrets).map((connector) => [connector.name, connector] as const))(
  'the secrets of connector %s',
  (name, connector) => {
    test('have samples here', () => {
      expect(Object.keys(samples)).toContain(name)
    })

    describe.each(['is not there', ...Object.keys(peers)])('where the other side %s', (how) => {
      let server: Server | undefined
      let address = '127.0.0.1:1'
      const sockets = new Set<Socket>()
      beforeAll(async () => {
        const answer = peers[how]
        if (answer === undefined) return
        server = createServer((socket) => {
          sockets.add(socket.on('error', () => undefined))
          answer(socket)
        })
        await new Promise<void>((ready) => server!.listen(0, '127.0.0.1', ready))
        address = `127.0.0.1:${(server.address() as { port: number }).port}`
      })
      afterAll(() => {
        for (const socket of sockets) socket.destroy()
        server?.close()
      })

      test('stay unsaid by everything that fails', async () => {
        for (const sample of samples[name]?.(address) ?? []) {
          const failed = await failures(connector, sample)
          expect(failed.length).toBeGreaterThan(0)
          for (const { what, error } of failed) {
            expect([name, what, error]).toEqual([name, what, expect.objectContaining({ name: 'JobError' })])
            expect([name, what, inspect(error, { depth: 20, showHidden: true }).includes(word)]).toEqual([
              name,
              what,
              false,
            ])
          }
        }
      }, 60_000)
    })
  },
)

function holdsSecrets({ connection, source, sink }: Connector): boolean {
  const schemas = [connection?.config, source?.config, sink?.config].filter((one) => one !== undefined)
  return schemas.some((schema) =>
    fieldCases(jsonSchemaOf(schema as ConfigSchema)).some((field) => field.schema.secret === true),
  )
}

async function failures({ connection: kind, source, sink }: Connector, sample: Sample) {
  const stop = new AbortController()
  const ctx: ConnectorContext = { base: '/', fileRoots: null, privateHosts: null, signal: stop.signal }
  const input = [{ name: 'id', type: 'BIGINT' }]
  const key = { lineageId: 'l', sinkUid: 's', subtask: 0 }
  const given = kind === undefined ? null : kind.config.parse(sample.connection)
  const from = sample.source && source?.open(source.config.parse(sample.source(sample.connection)), given, ctx)
  const into = sample.sink && sink?.open(sink.config.parse(sample.sink(sample.connection)), given, ctx)
  const attempts: Readonly<Record<string, (() => Promise<unknown>) | undefined>> = {
    check: kind && (() => kind.check(given, ctx)),
    discover: kind?.discover && (async () => await kind.discover?.(given, ctx)),
    schema: from && (() => from.schema()),
    plan: from && (() => from.plan(null, { records: 1, bytes: 1 }, 1)),
    'check of the target': into && (() => into.check(input)),
    prepare: into && (() => into.prepare([key], input, fence())),
    open: into && (() => into.open(key, fence(), input)),
    finish: into && (() => into.finish([key], fence())),
  }
  // What is tried again for long where nobody waits is given up.
  const late = setTimeout(() => stop.abort(), 4_000)
  const tried = Object.entries(attempts).map(async ([what, attempt]) => {
    const error = await attempt?.().then(
      () => null,
      (reason: unknown) => reason,
    )
    return { what, error }
  })
  const done = (await Promise.all(tried)).filter(({ error }) => error !== null && error !== undefined)
  clearTimeout(late)
  return done
}
