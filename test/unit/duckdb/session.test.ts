import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { openSession } from '../../../duckdb/open-session.js'
import type { Session } from '../../../duckdb/session.js'

let folder: string
let session: Session

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etl-session-'))
  session = await openSession({ folder, memoryLimitBytes: 256 * 1024 * 1024, threads: 2 })
})

afterEach(async () => {
  session.close()
  await rm(folder, { recursive: true })
})

describe('a session answers', () => {
  test('with what a file holds now, whatever it read before from another by that name', async () => {
    const file = join(folder, 'again.parquet')
    const records = (round: number) =>
      `SELECT CAST(hash(n, ${round}) % 1000000 AS BIGINT) AS n, 'x' || hash(n, ${round + 7}) % 1000 AS s FROM range(21) t(n)`
    for (let round = 0; round < 300; round += 1) {
      await session.run(`COPY (${records(round)}) TO '${file}' (FORMAT parquet)`)
      await session.run(`CREATE TABLE round${round} AS FROM read_parquet('${file}')`)
      await rm(file)
    }
    for (let round = 0; round < 300; round += 1)
      expect(await session.count(`SELECT count(*) FROM (FROM round${round} EXCEPT ${records(round)})`)).toBe(0)
  })

  test('with exact values: bigint, text for decimals and times, plain lists and objects', async () => {
    const [row] = await session.rows(`SELECT 9007199254740993::BIGINT, 1.50::DECIMAL(18,2), 0.1::DOUBLE, true, NULL,
      DATE '2026-01-31', TIMESTAMP '2026-01-31 10:00:00.123456', 'é', '\\x00\\xFF'::BLOB, [1, 2], {a: 1.5::DECIMAL(3,1)}, MAP {'k': 1}`)
    expect(row).toEqual([
      9007199254740993n,
      '1.50',
      0.1,
      true,
      null,
      '2026-01-31',
      '2026-01-31 10:00:00.123456',
      'é',
      new Uint8Array([0, 255]),
      [1, 2],
      { a: '1.5' },
      [['k', 1]],
    ]) // prettier-ignore
  })

  test('with one number, and with the columns of a SELECT', async () => {
    expect(await session.count('SELECT count(*) FROM range(7)')).toBe(7)
    expect(await session.describe('SELECT 1 AS a, 1.5::DECIMAL(18,4) AS b, NULL::JSON AS c')).toEqual([
      { name: 'a', type: 'INTEGER' },
      { name: 'b', type: 'DECIMAL(18,4)' },
      { name: 'c', type: 'JSON' },
    ])
  })

  test('in UTC, whatever the machine says', async () => {
    expect(await session.rows("SELECT '2026-06-01 12:00:00+02'::TIMESTAMPTZ::VARCHAR")).toEqual([
      ['2026-06-01 10:00:00+00'],
    ])
  })
})

describe('append keeps values exactly', () => {
  const TYPES =
    'i BIGINT, d DECIMAL(38,4), f DOUBLE, b BOOLEAN, dt DATE, ts TIMESTAMP, v VARCHAR, bl BLOB, j JSON, n INTEGER'

  test('for every type, with nulls, over more than one chunk', async () => {
    await session.run(`CREATE TABLE t (${TYPES})`)
    const row = [
      -9223372036854775808n,
      '-99999999999999999999999999999999.9999',
      5e-324,
      false,
      '0001-01-01',
      '2026-02-28 23:59:59.999999',
      'a\u{1F600}',
      new Uint8Array([0, 1]),
      '{"a":1}',
      -5,
    ] // prettier-ignore
    const records = 5000
    const columns = row.map((value) => Array.from({ length: records }, (_, index) => (index % 7 === 3 ? null : value)))
    await session.append('t', columns)
    const rows = await session.rows('SELECT * FROM t ORDER BY rowid')
    expect(rows).toHaveLength(records)
    expect(rows[4999]).toEqual(row)
    expect(rows[3]).toEqual(row.map(() => null))
  })

  test('for any bigint, decimal, double and text', async () => {
    await session.run('CREATE TABLE "a ""b" (i BIGINT, d DECIMAL(18,2), f DOUBLE, v VARCHAR)')
    const value = fc.record({
      i: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      d: fc
        .integer({ min: -99_999_999, max: 99_999_999 })
        .map((cents) => (cents / 100).toFixed(2).replace(/^-0\.00$/, '0.00')),
      f: fc.double({ noNaN: true }),
      v: fc.string({ unit: 'grapheme' }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(value, { maxLength: 20 }), async (records) => {
        await session.run('TRUNCATE "a ""b"')
        await session.append('"a ""b"', [
          records.map((r) => r.i),
          records.map((r) => r.d),
          records.map((r) => r.f),
          records.map((r) => r.v),
        ])
        expect(await session.rows('SELECT * FROM "a ""b" ORDER BY rowid')).toEqual(
          records.map((r) => [r.i, r.d, r.f, r.v]),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('and refuses what does not fit instead of wrapping around', async () => {
    await session.run('CREATE TABLE t (i BIGINT)')
    await expect(session.append('t', [[2n ** 63n]])).rejects.toMatchObject({ code: 'record.bad' })
    await session.run('CREATE TABLE u (d DATE)')
    await expect(session.append('u', [['2026-02-30']])).rejects.toMatchObject({ code: 'record.bad' })
    expect(await session.count('SELECT count(*) FROM u')).toBe(0)
  })
})

describe('what goes wrong comes back as a JobError', () => {
  test.each([
    [
      'SELECT amuont FROM (SELECT 1 AS amount)',
      'sql.invalid',
      'Referenced column "amuont" not found in FROM clause! Candidate bindings: "amount"',
      'Did you mean `amount`?',
    ],
    ['SELECT FROM WHERE', 'sql.invalid', 'syntax error at or near "WHERE"', undefined],
    [
      "SELECT CAST(x AS INTEGER) FROM (SELECT 'abc' AS x FROM range(2))",
      'record.bad',
      expect.stringContaining("Could not convert string 'abc' to INT32"),
      undefined,
    ],
    ['SELECT CAST(300 + range AS UTINYINT) FROM range(3)', 'record.bad', expect.any(String), undefined],
    ['SELECT sum(no_such(1))', 'sql.invalid', expect.not.stringContaining('LINE'), undefined],
    ["SELECT * FROM read_csv('/etc/passwd')", 'internal', expect.stringContaining('Cannot access file'), undefined],
  ])('%s', async (sql, code, message, hint) => {
    await expect(session.rows(sql)).rejects.toMatchObject({ name: 'JobError', code, message, hint })
  })

  test('a value that can never work is a fault of the statement when it is only bound', async () => {
    await expect(session.describe("SELECT strptime('2026', '%Q')")).rejects.toMatchObject({ code: 'sql.invalid' })
  })

  test('too little memory', async () => {
    const small = await openSession({ folder, memoryLimitBytes: 20 * 1024 * 1024, threads: 1 })
    const query = small.rows("SELECT list(repeat('x', 1000) || range) FROM range(200000)")
    await expect(query).rejects.toMatchObject({ code: 'memory.exhausted' })
    small.close()
  })

  test('closing it while a statement runs, which ends then and leaves nothing that waits', async () => {
    const other = await session.connect()
    const long = 'SELECT sum(a.range * b.range) FROM range(1000000) a, range(1000000) b'
    const running = Promise.allSettled([session.run(long), other.run(long)])
    await new Promise((resolve) => setTimeout(resolve, 200))
    session.close()
    expect(await running).toMatchObject([
      { status: 'rejected', reason: { code: 'cancelled' } },
      { status: 'rejected', reason: { code: 'cancelled' } },
    ])
  })

  test('an interrupt, on every connection', async () => {
    const other = await session.connect()
    const long = 'SELECT sum(a.range * b.range) FROM range(3000000) a, range(3000000) b'
    const running = [session.rows(long), other.rows(long)]
    setTimeout(() => session.interrupt(), 100)
    for (const outcome of await Promise.allSettled(running)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'cancelled' } })
    }
    expect(await session.count('SELECT 1')).toBe(1)
  })
})

describe('a session is locked', () => {
  test('files of its own folder are readable and writable, others are not', async () => {
    await writeFile(join(folder, 'in.csv'), 'a\n1\n2\n')
    expect(await session.count(`SELECT sum(a) FROM read_csv('${join(folder, 'in.csv')}')`)).toBe(3)
    await session.run(`COPY (SELECT 1 AS a) TO '${join(folder, 'out.parquet')}'`)
    await expect(session.run(`COPY (SELECT 1) TO '${join(tmpdir(), 'etl-escape.csv')}'`)).rejects.toMatchObject({
      name: 'JobError',
    })
    await expect(session.rows(`FROM read_text('${folder}/../../etc/passwd')`)).rejects.toMatchObject({
      name: 'JobError',
    })
  })

  test.each([
    'SET enable_external_access = true',
    'SET lock_configuration = false',
    "SET allowed_directories = ['/']",
    'RESET threads',
    'INSTALL httpfs',
    'LOAD httpfs',
    "ATTACH '/tmp/etl-escape.db'",
    "FROM read_text('https://example.com/')",
    "SET TimeZone = 'Asia/Tokyo'",
  ])('%s', async (sql) => {
    await expect(session.run(sql)).rejects.toMatchObject({ name: 'JobError' })
  })

  test('opens fast enough that small jobs do not notice', async () => {
    const times: number[] = []
    for (let run = 0; run < 5; run++) {
      const start = performance.now()
      const opened = await openSession({ folder, memoryLimitBytes: 64 * 1024 * 1024, threads: 1 })
      times.push(performance.now() - start)
      opened.close()
    }
    expect(Math.min(...times)).toBeLessThan(100)
  })
})
