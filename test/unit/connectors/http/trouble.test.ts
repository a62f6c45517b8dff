/** A server that is slow, broken, busy or hostile: one clear error, or a repetition, and no loss. */
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { Session } from '../../../../duckdb/session.js'
import { readAll } from '../../../conformance/read-all.js'
import { type Answering, type HttpServer, startHttpServer } from '../../../support/http-server.js'
import { until } from '../../../support/until.js'
import { context, sourceOf, withSession } from './reading.js'

const columns = { id: 'BIGINT' }
const page = [{ id: 1 }, { id: 2 }]

let server: HttpServer
beforeAll(async () => {
  server = await startHttpServer()
})
afterAll(() => server.close())
beforeEach(() => server.answers(() => page))

const read = async (config: Record<string, unknown> = {}, connection: unknown = null, ctx = context()) => {
  let ids: number[] = []
  await withSession(async (session: Session) => {
    const all = await readAll(sourceOf({ url: server.url, columns, ...config }, connection, ctx), session)
    ids = all.records.map(([id]) => Number(id))
  })
  return ids
}
/** The first requests are answered by these, and all others well. */
const after = (...troubles: Answering[]) =>
  server.answers((asked, response, number) => (troubles[number] ? troubles[number](asked, response, number) : page))
const status =
  (code: number, headers: Record<string, string> = {}, body = 'no'): Answering =>
  (_asked, response) =>
    void response.writeHead(code, headers).end(body)

describe('is asked again', () => {
  test.each([
    ['an answer 500', status(500)],
    ['an answer 429 without a time', status(429)],
    ['a broken connection', ((_asked, response) => void response.socket?.destroy()) as Answering],
    [
      'an answer that breaks off',
      ((_asked, response) => {
        response.writeHead(200, { 'content-length': '1000' })
        response.write('[{"id":1')
        setTimeout(() => response.socket?.destroy(), 20)
      }) as Answering,
    ],
    [
      'a packed answer that breaks off',
      ((_asked, response) => {
        const packed = gzipSync(JSON.stringify(page))
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed.subarray(0, packed.length - 9))
      }) as Answering,
    ],
  ])('after %s', async (_name, trouble) => {
    after(trouble, trouble)
    expect(await read()).toEqual([1, 2])
    expect(server.asked).toHaveLength(3)
  })

  test('after silence, within the time of a request', async () => {
    after(() => undefined)
    expect(await read({ timeout: '200ms' })).toEqual([1, 2])
  })

  test('after an answer that begins and then says nothing more', async () => {
    after((_asked, response) => void response.writeHead(200).write('['))
    expect(await read({ timeout: '200ms' })).toEqual([1, 2])
  })

  test('when the server says, and not before, whoever asks', async () => {
    after(status(429, { 'retry-after': '1' }))
    const connection = { url: server.url, headers: { 'x-run': 'held' } }
    const first = read({ url: '/a' }, connection)
    await until('the server has asked for time', async () => server.asked.length === 1)
    await sleep(100)
    // Another job, which has been told nothing itself.
    expect(await read({ url: '/b' }, connection)).toEqual([1, 2])
    expect(await first).toEqual([1, 2])
    const [refused, ...later] = server.asked
    expect(later).toHaveLength(2)
    for (const { atMs } of later) expect(atMs - refused!.atMs).toBeGreaterThan(950)
  })
})

describe('is given up', () => {
  test('after so many attempts, in words that name the server', async () => {
    server.answers(status(503, {}, 'under repair'))
    await expect(read({ retry: { attempts: 3, delay: '1ms' } })).rejects.toMatchObject({
      code: 'source.unreadable',
      message: `${server.url}/ answers 503: under repair. That was attempt 3 of 3.`,
      hint: expect.any(String),
    })
    expect(server.asked).toHaveLength(3)
  })

  test('after so many attempts without a word of how long to wait, which no budget is blamed for', async () => {
    server.answers(status(429))
    await expect(read({ retry: { attempts: 2, delay: '1ms' } })).rejects.toMatchObject({
      code: 'source.unreadable',
      message: expect.stringMatching(/ answers 429.*[.] That was attempt 2 of 2[.]$/),
    })
  })

  test('where it would have to wait longer than the budget', async () => {
    server.answers(status(429, { 'retry-after': '3600' }))
    // A connection of its own: everybody on it is held back.
    const held = { url: server.url, headers: { 'x-run': 'too long' } }
    await expect(read({ url: '' }, held)).rejects.toMatchObject({
      code: 'source.unreadable',
      message: expect.stringMatching(
        / answers 429.*[.] To ask again it would have to wait 3600 s, longer than `retry.budget` has left[.]$/,
      ),
      hint: expect.stringMatching(/rateLimit/),
    })
    expect(server.asked).toHaveLength(1)
    // Waits add up over the requests of an epoch.
    server.answers((_asked, response, number) =>
      number % 2 === 0 ? status(500)(_asked, response, number) : [{ id: number }],
    )
    const paged = { pagination: { type: 'PAGE' }, retry: { delay: '100ms', budget: '250ms' } }
    await expect(read(paged)).rejects.toMatchObject({ code: 'source.unreadable' })
    expect(server.asked.length).toBeGreaterThan(2)
  })

  test.each([
    [401, 'connection.denied'],
    [403, 'connection.denied'],
    [404, 'source.missing'],
    [400, 'config.invalid'],
    [501, 'source.unreadable'],
  ])('at once where the answer is %s', async (code, error) => {
    server.answers(status(code))
    await expect(read()).rejects.toMatchObject({ code: error })
    expect(server.asked).toHaveLength(1)
  })

  test.each([
    ['<html>', /is not JSON: it begins with <html>/],
    ['', /is not JSON: it is empty/],
    ['{"data": [', /is not JSON/],
    ['\xff\xfe', /is not text in UTF-8/],
    ['{"error": "gone"}', /has nothing at \/data/],
    ['{"data": 5}', /is neither a list nor an object/],
  ])('where the answer is %j', async (body, message) => {
    server.answers((_asked, response) => void response.end(Buffer.from(body, 'latin1')))
    await expect(read({ records: '/data' })).rejects.toMatchObject({
      code: 'source.unreadable',
      message: expect.stringMatching(message),
    })
    expect(server.asked).toHaveLength(1)
  })

  test('where nobody listens, or nobody speaks HTTP', async () => {
    await expect(read({ url: 'http://127.0.0.1:1', retry: { attempts: 2, delay: '1ms' } })).rejects.toMatchObject({
      code: 'connection.refused',
      message: expect.stringMatching(/127\.0\.0\.1:1\/ cannot be reached/),
    })
    const other = createServer((socket) => void socket.end('SSH-2.0-OpenSSH\r\n'))
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as { port: number }
    await expect(read({ url: `http://127.0.0.1:${port}` })).rejects.toMatchObject({ code: 'source.unreadable' })
    await expect(read({ url: `https://127.0.0.1:${port}` })).rejects.toMatchObject({ code: 'connection.refused' })
    other.close()
  })

  test.each(['file:///etc/passwd', 'ftp://example.com/x', 'data:,x'])('where it redirects to %s', async (location) => {
    server.answers(status(302, { location }))
    await expect(read()).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining(`to a URL of \`${new URL(location).protocol}\`, which is never followed`),
    })
    expect(server.asked).toHaveLength(1)
  })

  test('where it redirects without end', async () => {
    server.answers(status(302, { location: '/again' }))
    await expect(read()).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringMatching(/again and again/),
    })
    expect(server.asked).toHaveLength(6)
  })

  test('where it heeds no parameter and so would never end', async () => {
    await expect(read({ pagination: { type: 'PAGE', param: 'seite' } })).rejects.toMatchObject({
      code: 'config.invalid',
      hint: expect.stringMatching(/`seite`/),
    })
    server.answers(() => ({ data: page, next: 'same' }))
    const cursor = { records: '/data', pagination: { type: 'CURSOR', at: '/next' } }
    await expect(read(cursor)).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringMatching(/never end/),
    })
  })

  test('soon when it is cancelled, whatever it waits for', async () => {
    for (const waiting of [() => undefined, status(429, { 'retry-after': '60' }), status(500)] as Answering[]) {
      server.answers(waiting)
      const stop = new AbortController()
      setTimeout(() => stop.abort(), 300)
      const before = performance.now()
      const config = { url: '/', retry: { delay: '50s', maxDelay: '50s' } }
      const own = { url: server.url, headers: { 'x-run': String(waiting) } }
      await expect(read(config, own, context({ signal: stop.signal }))).rejects.toMatchObject({ code: 'cancelled' })
      expect(performance.now() - before).toBeLessThan(3000)
    }
  })
})

describe('of what a server repeats no secret is told', () => {
  const secret = `SEK+RET/1 (23)'s*"x`
  const keyed = (auth: object) => ({ auth })
  const form = new URLSearchParams({ key: secret }).toString().slice('key='.length)
  const base64 = Buffer.from(`u:${secret}`).toString('base64')
  const ways = [
    ['a password', keyed({ type: 'BASIC', username: 'u', password: secret })],
    ['a token', keyed({ type: 'BEARER', token: secret })],
    ['a key in the query', keyed({ type: 'API_KEY', name: 'key', value: secret, in: 'QUERY' })],
    ['a key in a header', keyed({ type: 'API_KEY', value: secret })],
    ['a header of its own', { headers: { Authorization: `Token ${secret}` } }],
    ['a parameter of its own', { query: { api_key: secret } }],
  ] as const
  const repeats: Readonly<Record<string, (asked: Parameters<Answering>[0]) => string>> = {
    'as it came': ({ url, headers }) => `${url.search} ${headers.authorization} ${headers['x-api-key']}`,
    'decoded, late in its answer': ({ url }) => `${'<br>'.repeat(12)} ${secret} ${decodeURIComponent(url.search)}`,
    'in JSON and in HTML': () => `${JSON.stringify(secret)} ${secret.replaceAll('"', '&quot;')}`,
    'in small letters': ({ url }) => `${secret} ${url.search}`.toLowerCase(),
  }
  test.each(
    ways.flatMap(([way, config]) =>
      Object.entries(repeats).map(([how, said], at) => ({ way, how, code: [200, 400][at % 2]!, config, said })),
    ),
  )('$way, $how, with $code', async ({ code, config, said }) => {
    server.answers((asked, response) => void response.writeHead(code).end(`<p> ${said(asked)}`))
    const error = await read(config).catch((caught: unknown) => caught)
    const told = inspect(error, { depth: 9 }).toLowerCase()
    expect(told).toContain('***')
    for (const one of [secret, form, encodeURIComponent(secret), base64, 'SEK+RET', 'SEK%2BRET'])
      expect(told).not.toContain(one.toLowerCase())
  })
})

describe('hosts that are not public', () => {
  const guarded = (privateHosts: readonly string[]) => context({ privateHosts })

  test('are refused by address and by name, before anything is sent', async () => {
    const { port } = new URL(server.url)
    for (const host of [
      '127.0.0.1',
      'localhost',
      '2130706433',
      '0x7f.1',
      '[::ffff:127.0.0.1]',
      '[::1]',
      '0.0.0.0',
      '169.254.169.254',
    ])
      await expect(read({ url: `http://${host}:${port}/` }, null, guarded([]))).rejects.toMatchObject({
        code: 'config.invalid',
        hint: expect.stringMatching(/ETL_ALLOW_PRIVATE_HOSTS/),
      })
    expect(server.asked).toHaveLength(0)
  })

  test('are refused where a redirect, a link or a token leads there', async () => {
    const { port } = new URL(server.url)
    const elsewhere = `http://127.0.0.2:${port}/secret`
    const allowed = guarded(['127.0.0.1'])
    server.answers(status(302, { location: elsewhere }))
    await expect(read({}, null, allowed)).rejects.toMatchObject({
      message: 'The host 127.0.0.2 has an address that is not public.',
    })
    server.answers((_asked, response) => {
      response.setHeader('link', `<${elsewhere}>; rel="next"`)
      return page
    })
    await expect(read({ pagination: { type: 'LINK' } }, null, allowed)).rejects.toMatchObject({
      code: 'config.invalid',
    })
    const auth = { type: 'OAUTH2', tokenUrl: elsewhere, clientId: 'a', clientSecret: 'b' }
    await expect(read({ auth }, null, allowed)).rejects.toMatchObject({ code: 'config.invalid' })
    expect(server.asked.map(({ url }) => url.pathname)).toEqual(['/'])
  })

  test('are reached where they are named', async () => {
    const { port } = new URL(server.url)
    expect(await read({}, null, guarded(['127.0.0.0/8']))).toEqual([1, 2])
    expect(await read({ url: `http://localhost:${port}` }, null, guarded(['localhost']))).toEqual([1, 2])
  })
})
