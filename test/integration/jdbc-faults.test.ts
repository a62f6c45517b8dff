/** Servers that hang, go away, or say no: each is one error in words, and what was begun comes to nothing. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, test } from '@jest/globals'
import { sourceConfig } from '../../connectors/jdbc/config.js'
import { jdbc } from '../../connectors/jdbc/index.js'
import { jdbcSource } from '../../connectors/jdbc/source.js'
import { large, noCapture } from '../conformance/read-all.js'
import { fence, mark } from '../conformance/sink-suite.js'
import { context, newKey, sinkOf, sourceOf, withSession } from '../support/jdbc.js'
import { onServer, withDatabase } from '../support/lend.js'
import { describeWithPostgres, onPostgres } from '../support/postgres.js'

/** Between client and server, which it cuts off, or from which it passes nothing on, once so many more bytes have passed. */
async function withProxy<T>(
  url: string,
  use: (url: string, after: (bytes: number, what: 'CUT' | 'HANG') => void) => Promise<T>,
): Promise<T> {
  const to = new URL(url)
  const sockets = new Set<Socket>()
  let left = Number.POSITIVE_INFINITY
  let then: 'CUT' | 'HANG' = 'CUT'
  const cut = () => {
    for (const socket of sockets) socket.destroy()
  }
  const server = createServer((client) => {
    const upstream = connect(Number(to.port), to.hostname)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one)
      one.on('data', (data) => {
        left -= data.length
        if (left > 0) other.write(data)
        else if (then === 'CUT') cut()
      })
      one.on('close', () => other.destroy())
      one.on('error', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const own = new URL(url)
  own.hostname = '127.0.0.1'
  own.port = String((server.address() as AddressInfo).port)
  try {
    return await use(own.toString(), (bytes, what) => {
      left = bytes
      then = what
    })
  } finally {
    cut()
    server.close()
  }
}

test.each(['mysql', 'postgres'])(
  'a %s server that never answers is given up after ten seconds',
  async (scheme) => {
    const silent = new Set<Socket>()
    const server = createServer((socket) => silent.add(socket)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    try {
      await expect(
        jdbc.connection!.check({ url: `${scheme}://u:p@127.0.0.1:${port}/x` }, context),
      ).rejects.toMatchObject({
        code: 'connection.refused',
      })
    } finally {
      server.close()
    }
  },
  30_000,
)

async function readFirst(url: string, table: string, signal = context.signal) {
  const source = jdbcSource(sourceConfig.parse({ connection: { url }, table }), { url }, signal)
  const schema = await source.schema()
  const plan = await source.plan(null, large, 1)
  return {
    source,
    read: () =>
      withSession(async (session) => {
        const batches = source.read(plan.splits.flat()[0], schema, session, noCapture)
        return await batches.next()
      }),
  }
}

const manyRows = `CREATE TABLE t (id INT PRIMARY KEY, s LONGTEXT);
  INSERT INTO t WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 400) SELECT i, REPEAT('x', 50000) FROM n`

test('a connection that is cut while a table of MySQL is read is an error that a restart may help', async () => {
  await withDatabase(async (direct) => {
    await onServer(direct, manyRows)
    await withProxy(direct, async (url, after) => {
      const { read } = await readFirst(url, 't')
      after(5_000_000, 'CUT')
      await expect(read()).rejects.toMatchObject({ code: 'connection.refused' })
    })
  })
})

test('reading from a server that hangs ends as soon as it is told to', async () => {
  await withDatabase(async (direct) => {
    await onServer(direct, manyRows)
    await withProxy(direct, async (url, after) => {
      const ending = new AbortController()
      const { read } = await readFirst(url, 't', ending.signal)
      after(5_000_000, 'HANG')
      setTimeout(() => ending.abort(), 2_000)
      await expect(read()).rejects.toMatchObject({ code: 'connection.refused' })
    })
  })
}, 30_000)

test('a table that was dropped is named', async () => {
  await withDatabase(async (url) => {
    await onServer(url, 'CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1); CREATE TABLE out_ (id INT)')
    const { read } = await readFirst(url, 't')
    await onServer(url, 'DROP TABLE t')
    await expect(read()).rejects.toMatchObject({
      code: 'source.missing',
      message: expect.stringMatching(/\.t' doesn't exist/),
    })
    await withSession(async (session) => {
      const schema = [{ name: 'id', type: 'INTEGER' }]
      const sink = sinkOf(url, { table: 'out_' })
      const key = newKey()
      await sink.prepare([key], schema, fence())
      const open = await sink.open(key, fence(), schema)
      await onServer(url, 'DROP TABLE out_')
      await session.run('CREATE TABLE b AS SELECT 1::INTEGER AS id')
      await expect(open.append({ table: 'b', schema, records: 1 }, session)).rejects.toThrow(/out_.*doesn't exist/)
      await open.close()
    })
  })
})

test('a password that has expired is said', async () => {
  await withDatabase(async (url) => {
    const name = `late_${Date.now().toString(36)}`
    await onServer(
      url,
      `CREATE USER ${name}@'%' IDENTIFIED BY 'pa55-word' PASSWORD EXPIRE; CREATE USER ${name}@'localhost' IDENTIFIED BY 'pa55-word' PASSWORD EXPIRE`,
    )
    try {
      const late = new URL(url)
      late.username = name
      late.password = 'pa55-word'
      late.pathname = '/'
      const checked = jdbc.connection!.check({ url: late.toString() }, context)
      await expect(checked).rejects.toMatchObject({
        code: 'connection.denied',
        message: expect.stringMatching(/password/i),
      })
      await expect(checked).rejects.not.toThrow('pa55-word')
    } finally {
      await onServer(url, `DROP USER ${name}@'%'; DROP USER ${name}@'localhost'`)
    }
  })
})

describeWithPostgres('PostgreSQL', (lent) => {
  test('a connection that is cut while records are written leaves nothing, and a restart may help', async () => {
    await lent.withDatabase((direct) =>
      withProxy(direct, (url, after) =>
        withSession(async (session) => {
          await onPostgres(direct, 'CREATE TABLE t (id integer, s text)')
          const schema = [
            { name: 'id', type: 'INTEGER' },
            { name: 's', type: 'VARCHAR' },
          ]
          const sink = sinkOf(url, { table: 't' })
          const key = newKey()
          await sink.prepare([key], schema, fence())
          const open = await sink.open(key, fence(), schema)
          await session.run(`CREATE TABLE b AS SELECT i::INTEGER AS id, repeat('x', 1000) AS s FROM range(100000) r(i)`)
          after(20_000_000, 'CUT')
          const appending = open.append({ table: 'b', schema, records: 100_000 }, session)
          await expect(appending.then(() => open.commit(mark(1, 100_000)))).rejects.toMatchObject({
            code: 'connection.refused',
          })
          await open.close()
          expect(await onPostgres(direct, 'SELECT count(*) AS n FROM t')).toEqual([{ n: '0' }])
          const again = await sinkOf(direct, { table: 't' }).open(key, fence({ attempt: 2 }), schema)
          expect(again.committed).toBeNull()
          await again.close()
        }),
      ),
    )
  })

  test('a connection that is cut while a table is read is an error that a restart may help', async () => {
    await lent.withDatabase(async (direct) => {
      await onPostgres(
        direct,
        `CREATE TABLE t (id integer PRIMARY KEY, s text); INSERT INTO t SELECT i, repeat('x', 50000) FROM generate_series(1, 400) i`,
      )
      await withProxy(direct, async (url, after) => {
        const { read } = await readFirst(url, 't')
        after(5_000_000, 'CUT')
        await expect(read()).rejects.toMatchObject({ code: 'connection.refused' })
      })
      const { read } = await readFirst(direct, 't')
      await onPostgres(direct, 'DROP TABLE t')
      await expect(read()).rejects.toMatchObject({ code: 'source.missing' })
      await expect(sourceOf(direct, { table: 'never' }).schema()).rejects.toMatchObject({ code: 'source.missing' })
    })
  })
})
