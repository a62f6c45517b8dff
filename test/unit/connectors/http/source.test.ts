import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { http } from '../../../../connectors/http/index.js'
import type { HttpPosition } from '../../../../connectors/http/position.js'
import type { SourceBatch } from '../../../../connectors/spi.js'
import type { Session } from '../../../../duckdb/session.js'
import { noCapture, readAll } from '../../../conformance/read-all.js'
import { type HttpServer, startHttpServer } from '../../../support/http-server.js'
import { captureIn, context, sourceOf, withSession } from './reading.js'

let server: HttpServer
beforeAll(async () => {
  server = await startHttpServer()
})
afterAll(() => server.close())
beforeEach(() => server.answers(() => []))

const read = async (config: Record<string, unknown>, from: unknown = null, connection: unknown = null) => {
  let all: Awaited<ReturnType<typeof readAll>> | undefined
  await withSession(async (session) => {
    all = await readAll(sourceOf({ url: server.url, ...config }, connection), session, { from })
  })
  return { ...all!, last: all!.positions.at(-1) as HttpPosition }
}

describe('records', () => {
  test('are read with the columns of the first page, exactly where a column is exact', async () => {
    server.answers(() => [{ id: 1, at: '2026-01-01T10:00:00Z', tags: ['a'], more: { x: 1.5 } }, { id: 2 }])
    expect(await sourceOf({ url: server.url }).schema()).toEqual([
      { name: 'id', type: 'BIGINT' },
      { name: 'at', type: 'TIMESTAMP WITH TIME ZONE' },
      { name: 'tags', type: 'VARCHAR[]' },
      { name: 'more', type: 'STRUCT(x DOUBLE)' },
    ])
    server.answers((_asked, response) => void response.end('[{"n":12345678901234567.89,"i":9223372036854775807}]'))
    const { records } = await read({ columns: { n: 'DECIMAL(20,2)', i: 'BIGINT' } })
    expect(records).toEqual([['12345678901234567.89', 9223372036854775807n]])
  })

  test.each(['1700000000.1234567891', '12345678901234567890', '-1.5'])(
    'come from a cursor %s with all of its digits, in the query and in the body',
    async (cursor) => {
      const asked = (by: object) => read({ columns: { id: 'BIGINT' }, records: '/data', ...by })
      server.answers((one, response) => {
        const isFirst = !one.url.searchParams.has('after') && !one.body.includes('after')
        response.end(`{"data":[{"id":1}],"next":${isFirst ? cursor : 'null'}}`)
      })
      await asked({ pagination: { type: 'CURSOR', param: 'after', at: '/next' } })
      await asked({ body: {}, pagination: { type: 'CURSOR', param: '/after', at: '/next' } })
      expect(server.asked[1]!.url.searchParams.get('after')).toBe(cursor)
      expect(server.asked[3]!.body).toBe(`{"after":${cursor}}`)
    },
  )

  test('that are bad are told apart, with their words and places, and the others are read', async () => {
    const good = { id: 1, at: { on: '2026-01-01' } }
    server.answers(() => [good, { id: 'x' }, 5, null, { at: { on: 'never' } }, { ...good, id: 4 }])
    const { records, rejected } = await read({ columns: { id: 'BIGINT', at: 'STRUCT("on" DATE)' } })
    expect(records.map(([id]) => id)).toEqual([1n, 4n])
    expect(rejected.map(({ place, original, form }) => [place.record, original, form?.kind])).toEqual([
      [1, '{"id":"x"}', 'TEXT'],
      [2, '5', 'TEXT'],
      [3, 'null', 'TEXT'],
      [4, '{"at":{"on":"never"}}', 'TEXT'],
    ])
    expect(rejected[0]!.message).toBe('Column "id" does not hold a value of type BIGINT: x')
  })

  test('are read again from their own words, corrected or not', async () => {
    await withSession(async (session) => {
      const source = sourceOf({ url: server.url, columns: { id: 'BIGINT' } })
      const texts = ['{\n "id": 7\n}', '{"id": "x"}', '', '{"id": 8} {"id": 9}', '{"id":10}']
      const originals = texts.map((text) => ({ text, form: { kind: 'TEXT' as const }, place: {} }))
      for await (const batch of source.again!(originals, await source.schema(), session)) {
        const { select, rejected } = await batch.isolate()
        expect(await session.rows(select)).toEqual([[7n], [10n]])
        expect(rejected.map(({ place }) => place.record)).toEqual([1, 2, 3])
        expect([batch.place(0), batch.place(1)]).toEqual([{ record: 0 }, { record: 4 }])
        await batch.release()
      }
    })
  })

  test('are one where the answer is one object, and none where it says null or 204', async () => {
    const columns = { id: 'BIGINT' }
    server.answers(() => ({ id: 3 }))
    expect((await read({ columns })).records).toEqual([[3n]])
    server.answers(() => ({ data: null }))
    expect((await read({ columns, records: '/data' })).records).toEqual([])
    server.answers((_asked, response) => void response.writeHead(204).end())
    expect((await read({ columns, records: '/data' })).records).toEqual([])
  })

  test('are found in text of another charset, and behind a byte order mark', async () => {
    server.answers((_asked, response) => {
      response.setHeader('content-type', 'application/json; charset=ISO-8859-1')
      response.end(Buffer.from('[{"name":"Zürich"}]', 'latin1'))
    })
    expect((await read({})).records).toEqual([['Zürich']])
    server.answers((_asked, response) => void response.end('\uFEFF[{"name":"Zürich"}]'))
    expect((await read({})).records).toEqual([['Zürich']])
  })

  test('are captured: whoever reads the epoch again has the same, whatever the server says by then', async () => {
    await withSession(async (session) => {
      server.answers((_asked, _response, number) => [{ id: number }, { id: number + 100 }])
      const source = sourceOf({ url: server.url, columns: { id: 'BIGINT' }, pagination: { type: 'PAGE' } })
      const plan = await source.plan(null, { records: 4, bytes: 1e9 }, 1)
      const capture = captureIn(session)
      const once = async () => {
        const batches = source.read(plan.splits[0]![0], [{ name: 'id', type: 'BIGINT' }], session, capture)
        const rows: unknown[][] = []
        for (let next = await batches.next(); ; next = await batches.next()) {
          if (next.done === true) return { rows, reached: next.value }
          rows.push(...(await session.rows((next.value as SourceBatch).select)))
        }
      }
      const first = await once()
      const asked = server.asked.length
      expect(await once()).toEqual(first)
      expect(server.asked).toHaveLength(asked)
      expect(first.rows).toHaveLength(4)
    })
  })

  test('of pages end where the condition says so', async () => {
    server.answers(({ url }) => {
      const page = Number(url.searchParams.get('page'))
      return { more: page < 3, items: [{ id: page }] }
    })
    const config = { records: '/items', pagination: { type: 'PAGE' } }
    expect((await read({ ...config, stopWhen: "answer ->> '/more' = 'false'" })).records).toHaveLength(3)
    expect((await read({ ...config, stopWhen: 'records < 2' })).records).toHaveLength(1)
    await expect(sourceOf({ url: server.url, ...config, stopWhen: 'recrods < 2' }).schema()).rejects.toMatchObject({
      code: 'config.invalid',
      pointer: '/stopWhen',
    })
  })
})

describe('what came since', () => {
  interface Item {
    readonly id: number
    readonly at: string
  }
  const items: Item[] = []
  const config = { columns: { id: 'BIGINT', at: 'TIMESTAMPTZ' }, incremental: { param: 'since', column: 'at' } }
  const ids = ({ records }: { records: unknown[][] }) => records.map(([id]) => Number(id))
  const answersItems = (isIn: (item: Item, since: string) => boolean) => {
    items.splice(0, items.length, { id: 1, at: '2026-01-01T00:00:00Z' }, { id: 2, at: '2026-01-02T00:00:00Z' })
    server.answers(({ url }) => items.filter((item) => isIn(item, url.searchParams.get('since') ?? '')))
  }

  test.each([
    ['inclusively', (item: Item, since: string) => item.at >= since],
    ['exclusively', (item: Item, since: string) => item.at > since],
  ])('is asked from the largest value, whether the server means it %s', async (name, isIn) => {
    answersItems(isIn)
    const first = await read(config)
    expect(ids(first)).toEqual([1, 2])
    expect(server.asked.map(({ url }) => url.search)).toEqual([''])
    items.push({ id: 3, at: '2026-01-02T00:00:00Z' }, { id: 4, at: '2026-01-03T00:00:00Z' })
    const second = await read(config, JSON.parse(JSON.stringify(first.last)))
    expect(ids(second)).toEqual(name === 'inclusively' ? [3, 4] : [4])
    expect(server.asked.at(-1)!.url.searchParams.get('since')).toBe('2026-01-02T00:00:00Z')
    const third = await read(config, second.last)
    expect(ids(third)).toEqual([])
    expect(ids(await read(config, third.last))).toEqual([])
  })

  test('is asked from what the config says at first, and compared as numbers are', async () => {
    server.answers(() => [{ id: 9 }, { id: 10 }, { id: null }])
    const numbered = { columns: { id: 'BIGINT' }, incremental: { param: 'after', column: 'id', from: 5 } }
    const { last } = await read(numbered)
    expect(server.asked[0]!.url.search).toBe('?after=5')
    expect(last.newest?.value).toBe('10')
  })

  test('needs a column that there is', async () => {
    const wrong = { ...config, incremental: { param: 'since', column: 'att' } }
    await expect(sourceOf({ url: server.url, ...wrong }).schema()).rejects.toMatchObject({
      pointer: '/incremental/column',
      hint: expect.stringMatching(/at/),
    })
  })

  test('is looked for each interval, and waited for in between', async () => {
    answersItems((item, since) => item.at >= since)
    await withSession(async (session: Session) => {
      const source = sourceOf(
        { url: server.url, ...config, interval: '400ms' },
        null,
        context({ job: { mode: 'STREAMING', delivery: 'EXACTLY_ONCE' } }),
      )
      const look = async (from: unknown) => {
        const plan = await source.plan(from, { records: 100, bytes: 1e6 }, 1)
        const [split] = plan.splits[0]!
        if (split === undefined) return { waits: true, end: plan.end, position: plan.to, rows: 0 }
        const batches = source.read(split, await source.schema(), session, noCapture)
        let rows = 0
        for (let next = await batches.next(); ; next = await batches.next()) {
          if (next.done === true) return { waits: false, rows, ...next.value }
          rows += next.value.records ?? 0
        }
      }
      const first = await look(null)
      expect(first).toMatchObject({ waits: false, rows: 2, end: false })
      expect(await look(first.position)).toMatchObject({ waits: true, end: false, position: first.position })
      items.push({ id: 3, at: '2026-01-05T00:00:00Z' })
      await source.awaitInput?.(first.position)
      expect(await look(first.position)).toMatchObject({ waits: false, rows: 1, end: false })
    })
  })

  test('of a BATCH job is not looked for again and again', async () => {
    const once = context({ job: { mode: 'BATCH', delivery: 'EXACTLY_ONCE' } })
    const source = sourceOf({ url: server.url, ...config, interval: '1s' }, null, once)
    await expect((async () => await source.schema())()).rejects.toMatchObject({ pointer: '/interval' })
  })
})

describe('who asks', () => {
  const columns = { id: 'BIGINT' }
  const sent = async (auth: Record<string, unknown>, header: string) => {
    server.answers(() => [{ id: 1 }])
    await read({ columns, auth })
    return server.asked[0]!.headers[header]
  }

  test('says so in the way that is asked for', async () => {
    expect(await sent({ type: 'BASIC', username: 'ann', password: 'pä:ss' }, 'authorization')).toBe(
      `Basic ${Buffer.from('ann:pä:ss').toString('base64')}`,
    )
    expect(await sent({ type: 'BEARER', token: 'abc' }, 'authorization')).toBe('Bearer abc')
    expect(await sent({ type: 'API_KEY', value: 'k1' }, 'x-api-key')).toBe('k1')
    await sent({ type: 'API_KEY', value: 'k&1', name: 'key', in: 'QUERY' }, 'x')
    expect(server.asked[0]!.url.search).toBe('?key=k%261')
  })

  test('by OAuth2 fetches a token once, and another one when it is refused', async () => {
    let valid = 'none'
    let tokens = 0
    server.answers(({ url, headers, body }, response) => {
      if (url.pathname === '/token') {
        tokens += 1
        valid = `token-${tokens}`
        expect(headers.authorization).toBe(`Basic ${Buffer.from('me%3A:s%20cret').toString('base64')}`)
        expect(Object.fromEntries(new URLSearchParams(body))).toEqual({
          grant_type: 'client_credentials',
          scope: 'read',
        })
        return { access_token: valid, token_type: 'Bearer', expires_in: 3600 }
      }
      if (headers.authorization !== `Bearer ${valid}`) return void response.writeHead(401).end()
      return [{ id: 1 }]
    })
    const auth = {
      type: 'OAUTH2',
      tokenUrl: `${server.url}/token`,
      clientId: 'me:',
      clientSecret: 's cret',
      scope: 'read',
    }
    const both = await Promise.all([read({ columns, auth }), read({ columns, auth })])
    expect(both.map(({ records }) => records.length)).toEqual([1, 1])
    expect(tokens).toBe(1)
    valid = 'another'
    expect((await read({ columns, auth })).records).toHaveLength(1)
    expect(tokens).toBe(2)
  })

  test('and is not let in by the token server, or twice by the other, is told so without secrets', async () => {
    const auth = {
      type: 'OAUTH2',
      tokenUrl: `${server.url}/token`,
      clientId: 'c',
      clientSecret: 'open-sesame-41',
      clientAuth: 'BODY',
    }
    server.answers(
      ({ body }, response) =>
        void response.writeHead(400).end(JSON.stringify({ error: 'invalid_client', error_description: body })),
    )
    const denied = await read({ columns, auth }).catch((error) => error)
    expect(denied).toMatchObject({ code: 'connection.denied', message: expect.stringMatching(/invalid_client/) })
    expect(JSON.stringify([denied, denied.message])).not.toMatch(/open-sesame/)
    server.answers(({ url }, response) =>
      url.pathname === '/token' ? { access_token: 't' } : void response.writeHead(401).end(),
    )
    await expect(read({ columns, auth })).rejects.toMatchObject({ code: 'connection.denied' })
  })

  test('is not shown by a server that repeats what it was sent', async () => {
    server.answers(
      ({ headers, url }, response) =>
        void response.writeHead(403).end(`${headers.authorization} ${headers['x-token']} ${url.search}`),
    )
    const config = {
      columns,
      auth: { type: 'BEARER', token: 'open-sesame-41' },
      headers: { 'X-Token': 'open-sesame-42' },
    }
    const error = await read(config).catch((thrown) => thrown)
    expect(error).toMatchObject({ code: 'connection.denied', message: expect.stringMatching(/Bearer \*\*\* \*\*\*/) })
  })

  test('says so to the own host only, and keeps a key out of positions', async () => {
    const other = await startHttpServer(() => [{ id: 2 }])
    const auth = { type: 'API_KEY', name: 'key', value: 'open-sesame-41', in: 'QUERY' }
    server.answers(({ url }, response) => {
      if (url.pathname === '/moved') return void response.writeHead(302, { location: `${other.url}/there` }).end()
      if (url.searchParams.get('p') !== '2') response.setHeader('link', `<${url.href}&p=2>; rel="next"`)
      return [{ id: 1 }]
    })
    await read({ columns, auth, url: `${server.url}/moved`, headers: { 'x-secret': 'open-sesame-42' } })
    expect(other.asked).toHaveLength(1)
    expect(JSON.stringify(other.asked)).not.toMatch(/open-sesame/)
    await withSession(async (session) => {
      const source = sourceOf({ url: server.url, columns, auth, pagination: { type: 'LINK' } })
      const all = await readAll(source, session, { budget: { records: 1, bytes: 1 } })
      expect(all.records).toHaveLength(2)
      expect(JSON.stringify(all.positions)).not.toMatch(/open-sesame/)
    })
    expect(server.asked.at(-1)!.url.searchParams.get('key')).toBe('open-sesame-41')
    await other.close()
  })
})

describe('a connection', () => {
  test('gives what its jobs leave out, and only to what lies at its host', async () => {
    server.answers(() => [{ id: 1 }])
    const connection = {
      url: `${server.url}/v1/?tenant=7`,
      headers: { 'X-A': 'a', 'X-B': 'b' },
      auth: { type: 'BEARER', token: 't' },
    }
    await read({ url: '/orders?open=true', headers: { 'x-b': 'own' } }, null, connection)
    expect(server.asked[0]).toMatchObject({ headers: { 'x-a': 'a', 'x-b': 'own', authorization: 'Bearer t' } })
    expect(`${server.asked[0]!.url.pathname}${server.asked[0]!.url.search}`).toBe('/v1/orders?tenant=7&open=true')
    expect(() => sourceOf({ url: 'http://elsewhere.example/x' }, connection)).toThrow(
      expect.objectContaining({ pointer: '/url' }),
    )
  })

  test('is checked: who answers, and whether we are let in', async () => {
    const check = (given: Record<string, unknown> = {}) =>
      http.connection!.check(http.connection!.config.parse({ url: server.url, ...given }), context())
    server.answers((_asked, response) => void response.writeHead(404).end())
    expect(await check()).toMatch(/answers 404: it can be reached, and has nothing for us at this address itself/)
    server.answers((_asked, response) => void response.writeHead(204).end())
    expect(await check()).toBe(`${server.url}/ answers 204.`)
    server.answers((_asked, response) => void response.writeHead(401).end('who?'))
    await expect(check()).rejects.toMatchObject({ code: 'connection.denied' })
    server.answers((_asked, response) => void response.writeHead(502).end())
    await expect(check()).rejects.toMatchObject({ code: 'connection.refused' })
    await expect(check({ url: 'http://127.0.0.1:1' })).rejects.toMatchObject({ code: 'connection.refused' })
  })
})
