import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { http } from '../../../../connectors/http/index.js'
import type { SinkBatch } from '../../../../connectors/spi.js'
import type { Session } from '../../../../duckdb/session.js'
import { fence, mark } from '../../../conformance/sink-suite.js'
import { type Asked, type HttpServer, startHttpServer } from '../../../support/http-server.js'
import { context, withSession } from './reading.js'

let server: HttpServer
beforeAll(async () => {
  server = await startHttpServer()
})
afterAll(() => server.close())
beforeEach(() => server.answers((_asked, response) => void response.writeHead(201).end()))

const schema = [
  { name: 'id', type: 'BIGINT' },
  { name: 'price', type: 'DECIMAL(20,2)' },
  { name: 'note', type: 'VARCHAR' },
]

async function batchOf(session: Session, from: number, to: number): Promise<SinkBatch> {
  await session.run(
    `CREATE OR REPLACE TABLE b AS SELECT i AS id, CAST('123456789012345678.5' AS DECIMAL(20,2)) AS price, CASE WHEN i % 2 = 0 THEN 'a "quoted"' || chr(10) END AS note FROM range(${from}, ${to}) r(i)`,
  )
  return { table: 'b', schema, records: to - from }
}

const key = { lineageId: 'l', sinkUid: 's', subtask: 0 }
const written = async (config: Record<string, unknown>, counts: readonly number[] = [5], epoch = 1, given = key) => {
  const rejected: unknown[] = []
  await withSession(async (session) => {
    const parsed = http.sink!.config.parse({ url: `${server.url}/in`, retry: { delay: '5ms' }, ...config })
    const sink = http.sink!.open(parsed, null, context())
    expect(await sink.check(schema)).toEqual([])
    await sink.prepare([given], schema, fence())
    const open = await sink.open(given, fence({ epoch }), schema)
    expect(open.committed).toBeNull()
    let from = 0
    try {
      for (const count of counts) {
        rejected.push(...(await open.append(await batchOf(session, from, from + count), session)))
        from += count
      }
      await open.commit(mark(epoch, from))
    } finally {
      await open.close()
    }
    await sink.finish([given], fence({ epoch }))
  })
  return rejected as { rowid: number; code: string; message: string }[]
}
const keys = (asked: readonly Asked[]) => asked.map(({ headers }) => headers['idempotency-key'])
const idsIn = ({ body }: Asked) => (JSON.parse(body) as { id: number }[]).map(({ id }) => id)

describe('records are sent', () => {
  test('as arrays, lines or objects, with every digit', async () => {
    await written({ batchSize: 2 })
    expect(server.asked.map(({ method, headers }) => [method, headers['content-type']])).toEqual(
      Array.from({ length: 3 }, () => ['POST', 'application/json']),
    )
    expect(server.asked[0]!.body).toBe(
      '[{"id":0,"price":123456789012345678.50,"note":"a \\"quoted\\"\\n"},{"id":1,"price":123456789012345678.50,"note":null}]',
    )
    expect(server.asked.flatMap(idsIn)).toEqual([0, 1, 2, 3, 4])

    server.asked.length = 0
    await written({ format: 'lines', method: 'PUT' })
    expect(server.asked).toHaveLength(1)
    expect(
      server.asked[0]!.body.split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line).id),
    ).toEqual([0, 1, 2, 3, 4])
    expect(server.asked[0]!.headers['content-type']).toBe('application/x-ndjson')

    server.asked.length = 0
    await written({ format: 'object' }, [2])
    expect(server.asked.map(({ body }) => JSON.parse(body).id)).toEqual([0, 1])

    server.asked.length = 0
    await written({ records: '/data/it~1ems' }, [1])
    expect(JSON.parse(server.asked[0]!.body)).toMatchObject({ data: { 'it/ems': [{ id: 0 }] } })
  })

  test('under keys that are the same when an epoch is repeated, and others everywhere else', async () => {
    const config = { batchSize: 2 }
    await written(config, [3, 2])
    const first = keys(server.asked)
    server.asked.length = 0
    await written(config, [3, 2])
    expect(keys(server.asked)).toEqual(first)
    await written(config, [5], 2)
    await written(config, [5], 1, { ...key, subtask: 1 })
    await written(config, [5], 1, { ...key, lineageId: 'other' })
    const all = keys(server.asked)
    expect(new Set(all).size).toBe(all.length)
    expect(all.every((one) => /^[\w-]{8,64}$/.test(String(one)))).toBe(true)
  })

  test('again, with the same key, when there is no answer', async () => {
    server.answers((_asked, response, number) => {
      if (number === 0) return void response.socket?.destroy()
      if (number === 1) return void response.writeHead(503, { 'retry-after': '0' }).end()
      if (number === 2) return undefined
      response.writeHead(200).end('{}')
      return undefined
    })
    expect(await written({ timeout: '200ms' })).toEqual([])
    expect(server.asked).toHaveLength(4)
    expect(new Set(keys(server.asked)).size).toBe(1)
  })
})

describe('what is refused', () => {
  test('is told apart by halves, and the others are written', async () => {
    const taken: number[] = []
    server.answers((asked, response) => {
      const ids = idsIn(asked)
      const isBad = ids.some((id) => id === 3 || id === 13)
      if (!isBad) taken.push(...ids)
      return void response.writeHead(isBad ? 422 : 200).end(isBad ? '{"error": "no such\nproduct"}' : '')
    })
    const rejected = await written({ batchSize: 8 }, [10, 10])
    expect(taken).toEqual(Array.from({ length: 20 }, (_, id) => id).filter((id) => id !== 3 && id !== 13))
    expect(rejected).toEqual([
      { rowid: 3, code: 'record.bad', message: 'The target answers 422: {"error": "no such product"}' },
      { rowid: 3, code: 'record.bad', message: expect.any(String) },
    ])
    const all = keys(server.asked)
    expect(new Set(all).size).toBe(all.length)
  })

  test('without exception is the fault of the target', async () => {
    server.answers((_asked, response) => void response.writeHead(400).end())
    await expect(written({}, [3000])).rejects.toMatchObject({
      code: 'sink.refused',
      message: expect.stringMatching(/none of 1000 records/),
    })
  })

  test.each([
    [401, 'connection.denied'],
    [404, 'sink.refused'],
    [500, 'sink.refused'],
    [301, 'config.invalid'],
  ])('by an answer %s is an error', async (status, code) => {
    server.answers((_asked, response) => void response.writeHead(status, { location: 'http://127.0.0.1:1/x' }).end())
    await expect(written({ retry: { attempts: 2, delay: '1ms' } })).rejects.toMatchObject({ code })
  })

  test('is not sent on to another host', async () => {
    const other = await startHttpServer()
    server.answers((_asked, response) => void response.writeHead(307, { location: other.url }).end())
    await expect(written({})).rejects.toMatchObject({ code: 'config.invalid' })
    expect(other.asked).toHaveLength(0)
    await other.close()
  })
})
