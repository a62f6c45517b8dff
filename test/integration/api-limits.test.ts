/** What the API bears from its clients, and what it lets browsers do. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { startApi } from '../../api/main.js'
import { withApi } from '../support/api.js'
import { withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'

describe('calls', () => {
  test('over the limit of an address are refused with when to come again; health is always told', async () => {
    await withApi({ limits: { callsPerMinute: 3 } }, async ({ app, call }) => {
      const answers = []
      for (let tried = 0; tried < 5; tried += 1) answers.push(await call('get', '/me'))
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429])
      expect(answers[3]?.headers['content-type']).toMatch('application/problem+json')
      expect(answers[3]?.body).toMatchObject({ code: 'rate.limited', status: 429 })
      const seconds = Number(answers[3]?.headers['retry-after'])
      expect(seconds).toBeGreaterThan(0)
      expect(seconds).toBeLessThanOrEqual(60)
      await request(app).get('/healthz').expect(200)
    })
  })

  test('from behind a proxy are told apart only where the proxy is trusted', async () => {
    const from = (app: Parameters<typeof request>[0], address: string) =>
      request(app).get('/api/v1/schemas/job').set('X-Forwarded-For', address)
    await withApi({ limits: { callsPerMinute: 1 } }, async ({ app }) => {
      await from(app, '192.0.2.1').expect(200)
      await from(app, '192.0.2.2').expect(429)
    })
    await withApi({ limits: { callsPerMinute: 1, trustedProxies: ['loopback'] } }, async ({ app }) => {
      await from(app, '192.0.2.1').expect(200)
      await from(app, '192.0.2.2').expect(200)
      await from(app, '192.0.2.2').expect(429)
    })
  })

  test('with a method that a path does not have are told the ones it has', async () => {
    await withApi({}, async ({ app, call }) => {
      const refused = await call('delete', '/me').expect(405)
      expect(refused.body).toMatchObject({ code: 'method.unknown', status: 405 })
      expect(refused.headers.allow).toBe('GET, HEAD, OPTIONS')
      await request(app).options('/api/v1/jobs').expect(204).expect('Allow', 'GET, POST, HEAD, OPTIONS')
    })
  })

  test('that never end their headers or their body are closed, and the others are served meanwhile', async () => {
    await withMigratedDatabase(async (mysql) => {
      const home = await mkdtemp(join(tmpdir(), 'etl-limits-'))
      const api = await startApi({
        ETL_HOME: home,
        ETL_MYSQL_URL: mysql,
        ETL_TEMPORAL_ADDRESS: temporalAddress(),
        ETL_API_PORT: '0',
        ETL_SECRET_KEY: randomBytes(32).toString('base64'),
        ETL_ADMIN_PASSWORD: 'correct horse battery',
        ETL_LOG_LEVEL: 'silent',
        ETL_API_HEADERS_TIMEOUT: '300ms',
        ETL_API_REQUEST_TIMEOUT: '600ms',
      })
      try {
        const port = Number(new URL(api.url).port)
        const slow = saidTo(port, 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Never: ')
        const long = saidTo(
          port,
          'POST /api/v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{',
        )
        expect((await fetch(`${api.url}/healthz`)).status).toBe(200)
        expect(await slow).toMatch(/^HTTP\/1.1 408/)
        expect(await long).toMatch(/^HTTP\/1.1 408/)
      } finally {
        await api.close()
        await rm(home, { recursive: true, force: true })
      }
    })
  })
})

describe('browsers', () => {
  test('may call from no other origin, unless it is named', async () => {
    const asked = (app: Parameters<typeof request>[0], origin: string) =>
      request(app)
        .options('/api/v1/jobs')
        .set({ Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'if-match' })
    await withApi({}, async ({ app }) => {
      expect((await asked(app, 'https://console.example')).headers).not.toHaveProperty('access-control-allow-origin')
    })
    await withApi({ limits: { corsOrigins: ['https://console.example'] } }, async ({ app, call }) => {
      const allowed = await asked(app, 'https://console.example').expect(204)
      expect(allowed.headers).toMatchObject({
        'access-control-allow-origin': 'https://console.example',
        'access-control-allow-headers': expect.stringContaining('If-Match'),
        vary: 'Origin',
      })
      expect(allowed.headers).not.toHaveProperty('access-control-allow-credentials')
      for (const other of ['https://console.example.evil', 'http://console.example', 'null']) {
        expect((await asked(app, other)).headers).not.toHaveProperty('access-control-allow-origin')
      }
      const answer = await call('get', '/me').set('Origin', 'https://console.example').expect(200)
      expect(answer.headers['access-control-allow-origin']).toBe('https://console.example')
    })
  })

  test('are told to be careful, and not what serves them', async () => {
    await withApi({}, async ({ app, call }) => {
      for (const answer of [await call('get', '/me'), await request(app).get('/nothing')]) {
        expect(answer.headers).not.toHaveProperty('x-powered-by')
        expect(answer.headers).toMatchObject({
          'content-security-policy': expect.stringContaining("default-src 'self'"),
          'strict-transport-security': expect.stringContaining('max-age='),
          'x-content-type-options': 'nosniff',
          'x-frame-options': 'SAMEORIGIN',
          'referrer-policy': 'no-referrer',
        })
        expect(JSON.stringify(answer.body)).not.toMatch(/node_modules|\.[jt]s:\d+/)
      }
      const answer = await call('get', '/me')
      expect(answer.headers['cache-control']).toBe('no-store')
    })
  })
})

/** What the server answers until it closes the connection. */
async function saidTo(port: number, text: string): Promise<string> {
  return await new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    let said = ''
    socket.on('data', (chunk) => {
      said += chunk.toString()
    })
    socket.on('close', () => resolve(said))
    socket.on('error', reject)
  })
}
