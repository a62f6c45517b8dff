/** Ranges of keys of every kind, increments, and what a connection tells. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { jdbc } from '../../connectors/jdbc/index.js'
import type { JdbcSplit } from '../../connectors/jdbc/position.js'
import type { ConnectorContext } from '../../connectors/spi.js'
import { openSession } from '../../duckdb/open-session.js'
import type { Session } from '../../duckdb/session.js'
import { large, readAll } from '../conformance/read-all.js'
import { onServer, withDatabase } from '../support/lend.js'

const ctx: ConnectorContext = { base: '/', fileRoots: [], signal: new AbortController().signal }
let folder: string
let session: Session

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jdbc-'))
  await mkdir(join(folder, 'session'))
  session = await openSession({ folder: join(folder, 'session'), memoryLimitBytes: 512 * 1024 * 1024, threads: 1 })
})
afterEach(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

const sourceOf = (url: string, config: Record<string, unknown>) =>
  jdbc.source!.open(jdbc.source!.config.parse({ connection: { url }, ...config }), { url }, ctx)

const thousand = `
  CREATE TABLE thousand (id BIGINT PRIMARY KEY, word VARCHAR(40) NOT NULL, at DATETIME(6) NOT NULL, many INT NOT NULL, bits BINARY(4) NOT NULL,
    amount DECIMAL(30,10) NOT NULL, kind ENUM('z','a') NOT NULL, ratio DOUBLE NOT NULL, maybe INT, INDEX (word), INDEX (at));
  INSERT INTO thousand
    WITH RECURSIVE n AS (SELECT 0 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 999)
    SELECT CASE WHEN i < 500 THEN i ELSE i * 1000000007 END, CONCAT('it''s \\\\', MOD(i * 7, 1000), CASE WHEN MOD(i, 3) = 0 THEN 'É' ELSE 'e' END),
      TIMESTAMPADD(MICROSECOND, i * i * 37, '2001-01-01'), FLOOR(i / 100), UNHEX(LPAD(HEX(i * 4000000), 8, '0')), i / 7, 'a', i / 3, NULL FROM n`

describe('a table is cut where its rows are', () => {
  test.each([
    ['whole numbers that are spread unevenly', 'id'],
    ['text', 'word'],
    ['times', 'at'],
    ['bytes', 'bits'],
    ['decimals', 'amount'],
    ['values that many rows share', 'many'],
  ])('by %s', async (_title, splitBy) => {
    await withDatabase(async (url) => {
      await onServer(url, thousand)
      const source = sourceOf(url, { table: 'thousand', columns: ['id'], splitBy, splits: 4 })
      const plan = await source.plan(null, { records: 1000, bytes: 1e9 }, 2)
      expect(plan.end).toBe(true)
      const ranges = plan.splits.flat().flatMap((split) => (split as Extract<JdbcSplit, { kind: 'RANGES' }>).ranges)
      expect(ranges.length).toBeGreaterThanOrEqual(4)
      expect(plan.splits.map((splits) => splits.length)).toEqual([1, 1])
      for (const budget of [large, { records: 90, bytes: 1e9 }]) {
        const { records } = await readAll(source, session, { budget, parallelism: 2 })
        expect(records).toHaveLength(1000)
        expect(new Set(records.map(String)).size).toBe(1000)
      }
    })
  })

  test('but not by a column whose values do not compare as they are written, or that leaves rows out', async () => {
    await withDatabase(async (url) => {
      await onServer(url, thousand)
      for (const splitBy of ['kind', 'ratio'])
        await expect(sourceOf(url, { table: 'thousand', splitBy }).schema()).rejects.toMatchObject({
          code: 'config.invalid',
          pointer: '/splitBy',
        })
      await onServer(url, 'UPDATE thousand SET maybe = many WHERE id > 100')
      const source = sourceOf(url, { table: 'thousand', splitBy: 'maybe' })
      await expect(source.plan(null, large, 1)).rejects.toMatchObject({ code: 'config.invalid', pointer: '/splitBy' })
    })
  })
})

describe('a table that is polled', () => {
  test('gives no epoch while nothing has come, whatever its key', async () => {
    await withDatabase(async (url) => {
      await onServer(
        url,
        `CREATE TABLE t (a VARCHAR(9), b INT, PRIMARY KEY (a, b)); INSERT INTO t VALUES ('x', 1), ('x', 2), ('w', 9)`,
      )
      const source = sourceOf(url, { table: 't', interval: '100ms' })
      const first = await source.plan(null, large, 1)
      const reached = await readPlan(source, first)
      expect(reached.records).toEqual([
        ['w', 9],
        ['x', 1],
        ['x', 2],
      ])
      const second = await source.plan(reached.position, large, 1)
      expect(second.splits.flat()).toEqual([])
      await onServer(url, `INSERT INTO t VALUES ('x', 3)`)
      const third = await source.plan(second.to, large, 1)
      expect((await readPlan(source, third)).records).toEqual([['x', 3]])
    })
  })

  const readPlan = async (source: ReturnType<typeof sourceOf>, plan: Awaited<ReturnType<typeof source.plan>>) => {
    const planned = { ...source, plan: async () => ({ ...plan, end: true }) }
    const { records, positions } = await readAll(planned, session)
    return { records, position: positions.at(-1) }
  }
})

describe('an increment', () => {
  test('is read in epochs of the size that is asked for, and leaves what is young for the next time', async () => {
    await withDatabase(async (url) => {
      await onServer(url, thousand)
      await onServer(url, `UPDATE thousand SET at = UTC_TIMESTAMP(6) WHERE id < 10`)
      const config = { table: 'thousand', columns: ['id'], incremental: { column: 'at', from: '2001-01-01 00:00:01' } }
      const source = sourceOf(url, { ...config, incremental: { ...config.incremental, lag: '1h' } })
      const first = await readAll(source, session, { budget: { records: 100, bytes: 1e9 } })
      expect(first.epochs.length).toBeGreaterThan(7)
      const old = Number(
        Object.values(
          (
            (await onServer(
              url,
              `SELECT COUNT(*) FROM thousand WHERE at > '2001-01-01 00:00:01' AND id >= 10`,
            )) as object[]
          )[0]!,
        )[0],
      )
      expect(first.records).toHaveLength(old)
      const rest = await readAll(
        sourceOf(url, { ...config, incremental: { ...config.incremental, lag: '0s' } }),
        session,
        {
          from: first.positions.at(-1),
        },
      )
      expect(rest.records).toHaveLength(10)
    })
  })

  test('by a number leaves so many values for the next time', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3), (10), (11)')
      const source = (lag: unknown) => sourceOf(url, { table: 't', incremental: { column: 'id', lag } })
      expect((await readAll(source(5), session)).records.flat()).toEqual([1, 2, 3])
      await expect(source('5s').plan(null, large, 1)).rejects.toMatchObject({ pointer: '/incremental/lag' })
    })
  })

  test('does not begin anew where its newest rows are gone', async () => {
    await withDatabase(async (url) => {
      await onServer(url, 'CREATE TABLE t (id INT PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)')
      const source = sourceOf(url, { table: 't', incremental: { column: 'id' } })
      const { positions } = await readAll(source, session)
      await onServer(url, 'DELETE FROM t WHERE id > 1')
      const later = await readAll(source, session, { from: positions.at(-1) })
      await onServer(url, 'INSERT INTO t VALUES (4)')
      expect([later.records, (await readAll(source, session, { from: later.positions.at(-1) })).records]).toEqual([
        [],
        [[4]],
      ])
    })
  })
})

test.each([`SELECT 1 AS a, 2 AS a`, `SELECT 1 AS a, 2 AS b, 3 AS A`])(
  '%s has two columns of one name, which is said of the query',
  async (query) => {
    await withDatabase(async (url) => {
      await expect(sourceOf(url, { query }).schema()).rejects.toMatchObject({
        code: 'config.invalid',
        pointer: '/query',
        message: expect.stringMatching(/two columns called `a`/i),
      })
    })
  },
)

test('numbers of four bytes are read exactly', async () => {
  await withDatabase(async (url) => {
    await onServer(
      url,
      'CREATE TABLE t (id INT PRIMARY KEY, f FLOAT); INSERT INTO t VALUES (1, 16777216), (2, 0.1), (3, -3.4028234e38)',
    )
    const { records } = await readAll(sourceOf(url, { table: 't' }), session)
    expect(records.map(([, f]) => Math.fround(Number(f)))).toEqual([
      16777216,
      Math.fround(0.1),
      Math.fround(-3.4028234e38),
    ])
  })
})

test('a connection tells its tables and views with their columns', async () => {
  await withDatabase(async (url) => {
    await onServer(
      url,
      'CREATE TABLE t (id BIGINT UNSIGNED PRIMARY KEY, d DECIMAL(10,2)); CREATE VIEW v AS SELECT d FROM t; CREATE TABLE gone (x INT); CREATE VIEW w AS SELECT x FROM gone; DROP TABLE gone',
    )
    const columns = [
      { name: 'id', type: 'UBIGINT' },
      { name: 'd', type: 'DECIMAL(10,2)' },
    ]
    expect(await jdbc.connection!.discover!({ url }, ctx)).toEqual([
      { name: 't', kind: 'TABLE', columns },
      { name: 'v', kind: 'VIEW', columns: columns.slice(1) },
      { name: 'w', kind: 'VIEW', columns: null },
    ])
  })
})
