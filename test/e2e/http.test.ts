/** Jobs that read from a server and send to one, as a user runs them. */
import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type HttpServer, startHttpServer } from '../support/http-server.js'
import { inPlace, keepBad, password, recordsOf, target } from './run-etl.js'

let server: HttpServer
beforeAll(async () => {
  server = await startHttpServer()
})
afterAll(() => server.close())

const orders = (config: Record<string, unknown> = {}) => ({
  id: 'in',
  source: 'http',
  config: {
    url: `${server.url}/orders`,
    records: '/data',
    pagination: { type: 'PAGE' },
    retry: { delay: '20ms' },
    auth: { type: 'BEARER', token: password },
    ...config,
  },
})
const lines = (text: string) => text.trim().split('\n')

describe('a job that reads from a server', () => {
  test('has every record once, whatever goes wrong in between', async () => {
    server.answers(({ url, headers }, response, number) => {
      expect(headers.authorization).toBe(`Bearer ${password}`)
      if (number % 5 === 3) return void response.writeHead(429, { 'retry-after': '1' }).end()
      if (number % 7 === 4) return void response.socket?.destroy()
      if (number % 7 === 6) return void response.writeHead(500).end()
      const page = Number(url.searchParams.get('page'))
      return { data: page > 6 ? [] : [{ id: page * 2 }, { id: page === 4 ? 'four' : page * 2 + 1 }] }
    })
    await inPlace(async (place) => {
      const ended = await place.job([orders({ columns: { id: 'BIGINT' } }), target()], keepBad)
      expect(recordsOf(ended)).toEqual({ read: 12, written: 11, filtered: 0, failed: 1 })
      expect(ended.answer).toMatchObject({ status: 'COMPLETED', restarts: 0 })
      expect(lines(await place.written())).toEqual(['id', ...[2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13].map(String)])
    })
  })

  test('goes on where the epoch was captured when it fails behind it', async () => {
    let versions = 0
    server.answers(({ url }) => {
      const page = Number(url.searchParams.get('page'))
      if (page > 1) return { data: [] }
      versions += 1
      return { data: [{ id: versions, name: 'x' }] }
    })
    await inPlace(async (place) => {
      await place.put('out', 'in the way')
      const settings = { restart: { strategy: 'NONE' } }
      const nodes = [orders({ columns: { id: 'BIGINT' } }), target()]
      const failed = await place.job(nodes, settings, { args: ['--state', 'state'] })
      expect(failed.code).not.toBe(0)
      const asked = server.asked.length
      await rm(place.path('out'))
      const ended = await place.job(nodes, settings, { args: ['--state', 'state'] })
      expect(ended.answer.status).toBe('COMPLETED')
      expect(server.asked.length - asked).toBeLessThanOrEqual(2)
      expect(lines(await place.written())).toHaveLength(2)
    })
  })

  test('runs as in the example', async () => {
    const all = Array.from({ length: 25 }, (_, id) => ({
      id,
      customer: `c${id}`,
      amount: `${id}.50`,
      updated_at: `2026-01-${10 + (id >> 1)}`,
    }))
    server.answers(({ url, headers }) => {
      expect([headers.authorization, url.pathname]).toEqual([`Bearer ${password}`, '/v1/orders'])
      const since = all.filter((order) => order.updated_at >= (url.searchParams.get('updated_since') ?? ''))
      const from = Number(url.searchParams.get('after') ?? 0)
      return { data: since.slice(from, from + 10), meta: { next: from + 10 < since.length ? from + 10 : null } }
    })
    const example = await readFile(fileURLToPath(new URL('../../examples/http.yaml', import.meta.url)))
    const env = { ETL_VAR_DEMO_API: `${server.url}/v1`, ETL_VAR_DEMO_API_TOKEN: password }
    await inPlace(async (place) => {
      await place.put('http.yaml', example)
      const ended = await place.etl(['run', 'http.yaml', '--json'], { env })
      expect(recordsOf(ended)).toEqual({ read: 25, written: 25, filtered: 0, failed: 0 })
      expect(server.asked).toHaveLength(3)
      const written = lines(await place.written('out/orders-from-http')).map((line) => JSON.parse(line))
      expect(written.map(({ id }) => id)).toEqual(all.map(({ id }) => id))
      expect(written[1]).toEqual({ id: 1, customer: 'c1', amount: 1.5, updated_at: '2026-01-10 00:00:00' })
    })
  })

  test('again and again, until nothing has come for a while', async () => {
    server.answers(({ url }, _response, number) => {
      const since = Number(url.searchParams.get('since') ?? 0)
      return Array.from({ length: Math.min(number + 1, 4) }, (_, index) => ({ id: index + 1 })).filter(
        ({ id }) => id > since,
      )
    })
    await inPlace(async (place) => {
      const config = {
        records: '',
        pagination: undefined,
        interval: '200ms',
        columns: { id: 'BIGINT' },
        incremental: { param: 'since', column: 'id' },
      }
      const settings = { type: 'STREAMING', checkpoint: { interval: '100ms' } }
      const ended = await place.job([orders(config), target('in', { mode: 'APPEND' })], settings, {
        args: ['--until-idle', '2s'],
      })
      expect(recordsOf(ended)).toEqual({ read: 4, written: 4, filtered: 0, failed: 0 })
      expect(lines(await place.written()).filter((line) => line !== 'id')).toEqual(['1', '2', '3', '4'])
    })
  })

  test.each([
    [404, 'source.missing', 2],
    [401, 'connection.denied', 2],
    [503, 'source.unreadable', 1],
  ])('says what is wrong when the answer is %s', async (status, code, exit) => {
    server.answers((_asked, response) => void response.writeHead(status).end(`no, ${password}`))
    await inPlace(async (place) => {
      const ended = await place.job([orders(), target()], { restart: { strategy: 'NONE' } })
      const told = ended.answer.errors?.[0] ?? ended.answer.error
      expect(told).toMatchObject({
        code,
        message: expect.stringMatching(`answers ${status}`),
        hint: expect.any(String),
      })
      expect(ended.code).toBeGreaterThanOrEqual(Math.min(exit, 1))
    })
  })
})

describe('a job that sends to a server', () => {
  const sent = { id: 'out', sink: 'http', input: 'in' }
  const from = { id: 'in', source: 'file', config: { path: 'in.csv' } }

  test('has to say that records may come twice', async () => {
    await inPlace(async (place) => {
      await place.put('in.csv', 'id\n1\n')
      const ended = await place.job([from, { ...sent, config: { url: server.url } }])
      expect(ended.answer.errors?.[0]).toMatchObject({ code: 'sink.unsupported' })
    })
  })

  test('sends all of them, and keeps apart what is refused', async () => {
    server.answers(({ body }, response) => {
      const ids = (JSON.parse(body) as { id: number }[]).map(({ id }) => id)
      response.writeHead(ids.includes(17) ? 422 : 200).end('17 is taken')
      return undefined
    })
    await inPlace(async (place) => {
      await place.put('in.csv', `id\n${Array.from({ length: 50 }, (_, id) => id).join('\n')}\n`)
      const config = { url: server.url, batchSize: 10, auth: { type: 'BASIC', username: 'u', password } }
      const ended = await place.job([from, { ...sent, config }], { delivery: 'AT_LEAST_ONCE', ...keepBad })
      expect(recordsOf(ended)).toEqual({ read: 50, written: 49, filtered: 0, failed: 1 })
    })
  })
})
