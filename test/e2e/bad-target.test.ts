/** Tables that do not take what is written, or take it all: what is refused is told before anything runs, or record by record. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { onServer, withDatabase } from '../support/lend.js'
import { privateMysql } from '../support/services.js'
import { type Ended, inPlace, keepBad, operator, type Place, password, recordsOf, source, target } from './run-etl.js'

const into = (url: string, table: string, config: Readonly<Record<string, unknown>> = {}, input = 'in') => ({
  id: 'out',
  sink: 'jdbc',
  input,
  config: { connection: { url }, table, createTable: true, ...config },
})
const from = (url: string, config: Readonly<Record<string, unknown>>) => ({
  id: 'in',
  source: 'jdbc',
  config: { connection: { url }, ...config },
})

async function withTarget<T>(run: (place: Place, url: string) => Promise<T>): Promise<T> {
  return await withDatabase((url) => inPlace((place) => run(place, url)))
}

async function rows(url: string, sql: string): Promise<unknown[][]> {
  const found = (await onServer(url, sql)) as Record<string, unknown>[]
  return found.map((row) => Object.values(row).map((value) => (Buffer.isBuffer(value) ? value.toString('hex') : value)))
}

const messages = ({ answer }: Ended) =>
  (answer.errors ?? []).map(({ pointer, code, message }) => [pointer, code, message])

describe('what does not fit is told before anything runs', () => {
  test.each<[string, string, readonly (readonly [string, RegExp])[]]>([
    [
      'a column that it lacks, one that must be given',
      'CREATE TABLE t (id INT, must INT NOT NULL)',
      [
        ['schema.mismatch', /no column `name`/],
        ['schema.mismatch', /`must` of t must be given/],
      ],
    ],
    [
      'other types',
      'CREATE TABLE t (id DATE, name INT)',
      [
        ['schema.mismatch', /`id` of t is date, which does not hold INTEGER/],
        ['schema.mismatch', /`name` of t is int.*does not hold VARCHAR/],
      ],
    ],
    ['no transactions', 'CREATE TABLE t (id INT, name TEXT) ENGINE = MyISAM', [['sink.unsupported', /MyISAM/]]],
  ])('%s', async (_, ddl, problems) => {
    await withTarget(async (place, url) => {
      await onServer(url, ddl)
      await place.put('in.csv', 'id,name\n1,a\n')
      await place.parquet('in.parquet', `SELECT 1 AS id, 'a' AS name`)
      const ended = await place.job([source('in.parquet'), into(url, 't')])
      expect(ended.code).toBe(2)
      expect(messages(ended)).toEqual(
        problems.map(([code, message]) => ['/nodes/1/config/table', code, expect.stringMatching(message)]),
      )
      expect(await rows(url, 'SELECT * FROM t')).toEqual([])
    })
  })

  test('names that a database does not take, and a key that the records do not have', async () => {
    await withTarget(async (place, url) => {
      await place.parquet('in.parquet', `SELECT 1 AS "ü😀", 2 AS "${'x'.repeat(70)}", 3 AS "y ", 4 AS id`)
      const ended = await place.job([source('in.parquet'), into(url, 't', { mode: 'UPSERT', key: 'idd' })])
      expect([ended.code, messages(ended).map(([, , message]) => message)]).toEqual([
        2,
        [
          expect.stringMatching(/no column `idd`/),
          expect.stringMatching(/`ü😀`: it holds a character/),
          expect.stringMatching(/longer than 64/),
          expect.stringMatching(/`y `: it ends in a space/),
        ],
      ])
      expect(await rows(url, 'SHOW TABLES')).toEqual([])
    })
  })

  test('a server, user, password or database that is not there', async () => {
    await withTarget(async (place, url) => {
      await place.parquet('in.parquet', 'SELECT 1 AS id')
      const at = new URL(url).host
      const said = async (wrong: string) => messages(await place.job([source('in.parquet'), into(wrong, 't')]))[0]?.[1]
      expect(await said(`mysql://root:${password}@${at}/x`)).toBe('connection.denied')
      expect(await said(`mysql://nobody:${password}@${at}/x`)).toBe('connection.denied')
      expect(await said(`mysql://root:${password}@127.0.0.1:1/x`)).toBe('connection.refused')
      expect(await said(`mysql://root:${password}@nosuch.invalid/x`)).toBe('connection.refused')
      expect(await said(Object.assign(new URL(url), { pathname: '/nosuch' }).href)).toBe('source.missing')
      expect(await said(`mysql://root:${password}@[bad/x`)).toBe('config.invalid')
    })
  }, 60_000)

  test('a table, column or query that is not there', async () => {
    await withTarget(async (place, url) => {
      await onServer(url, 'CREATE TABLE t (day DATE)')
      const said = async (config: Readonly<Record<string, unknown>>) =>
        (await place.job([from(url, config), target()])).answer.errors?.map(({ code, hint }) => [code, hint])
      expect(await said({ table: 'nosuch' })).toEqual([['source.missing', null]])
      expect(await said({ table: 't', columns: ['dya'] })).toEqual([['config.invalid', 'Did you mean `day`?']])
      for (const query of [
        'SELEC 1',
        'SELECT 1; DROP TABLE t',
        'SELECT 1) AS x; DROP TABLE t; -- ',
        'DELETE FROM t',
        "SELECT 1 INTO OUTFILE '/tmp/x'",
      ])
        expect(await said({ query })).toEqual([['sql.invalid', null]])
      expect(await rows(url, 'SHOW TABLES')).toEqual([['t']])
    })
  }, 60_000)
})

test('what is too narrow or out of range for a column is refused record by record, the rest written', async () => {
  await withTarget(async (place, url) => {
    await onServer(url, 'CREATE TABLE t (id TINYINT, name VARCHAR(3))')
    await place.parquet('in.parquet', `FROM (VALUES (1, 'a'), (300, 'b'), (3, 'toolong')) v(id, name)`)
    const failed = await place.job([source('in.parquet'), into(url, 't')])
    expect(failed).toMatchObject({ code: 1, answer: { error: { code: 'record.bad', nodeId: 'out' } } })
    expect(failed.answer.error?.message).toMatch(/Out of range.*record 2/)
    expect(await rows(url, 'SELECT * FROM t')).toEqual([])
    const kept = await place.job([source('in.parquet'), into(url, 't')], keepBad)
    expect([kept.code, recordsOf(kept)]).toEqual([0, { read: 3, written: 1, filtered: 0, failed: 2 }])
    expect(await rows(url, 'SELECT * FROM t')).toEqual([[1, 'a']])

    await place.parquet(
      'days.parquet',
      `SELECT i, d::DATE AS d, t::TIMESTAMP AS t, n::DOUBLE AS n FROM (VALUES (1, '0001-01-01', '0001-01-01', '1'),
        (2, '9999-12-31', '9999-12-31 23:59:59.999999', '2'), (3, 'infinity', '2020-01-01', '3'), (4, '2020-01-01', '-infinity', '4'),
        (5, '10000-01-01', '2020-01-01', '5'), (6, '2020-02-29', '290000-01-01', '6'), (7, '2020-01-01', '2020-01-01', 'nan'),
        (8, '2020-01-01', '2020-01-01', 'inf')) v(i, d, t, n)`,
    )
    const days = await place.job([source('days.parquet'), into(url, 'days')], keepBad)
    expect([days.code, recordsOf(days).written]).toEqual([0, 2])
    expect(await rows(url, 'SELECT i, CAST(d AS CHAR), CAST(t AS CHAR) FROM days')).toEqual([
      [1, '0001-01-01', '0001-01-01 00:00:00.000000'],
      [2, '9999-12-31', '9999-12-31 23:59:59.999999'],
    ])
  })
}, 60_000)

/** Each value beside what the table must hold of it. */
const TEXTS = `FROM (VALUES (1, '😀 𝔘 日本'), (2, ''), (3, NULL), (4, '\\N'), (5, 'NULL'), (6, 'a\\b\\'), (7, E'tab\\tnl\\ncr\\rq"q''q,'),
  (8, E'nul' || chr(0) || 'x'), (9, ' lead trail '), (10, '"'), (11, 'a' || repeat('é', 40000))) v(i, t)`
const NUMBERS = `SELECT 9223372036854775807 AS b, -9223372036854775807 - 1 AS nb, 18446744073709551615::UBIGINT AS ub,
  99999999999999999999999999.1234567890::DECIMAL(38,10) + 0 AS d, 1e308 AS f, 5e-324 AS sub, true AS bo, '\\x00\\xFF\\x0A\\x22'::BLOB AS bl`

test.each(['LOAD DATA', 'INSERT'])(
  'every value arrives as it was: %s',
  async (method) => {
    await withServer(method === 'LOAD DATA', async (url) => {
      await inPlace(async (place) => {
        await place.parquet('texts.parquet', TEXTS)
        await place.parquet('numbers.parquet', NUMBERS)
        await place.put('huge.csv', 'h\n170141183460469231731687303715884105727\n')
        const run = async (name: string, table: string) => {
          const ended = await place.job([source(name), into(url, table)])
          expect([ended.code, recordsOf(ended).failed]).toEqual([0, 0])
        }
        await run('texts.parquet', 'order')
        await run('numbers.parquet', 'numbers')
        await run('huge.csv', 'we`ird "t"')
        const expected = await place.rows(
          `SELECT i, lower(hex(t)), t IS NULL FROM '${place.path('texts.parquet')}' ORDER BY i`,
        )
        const texts = await rows(url, 'SELECT i, LOWER(HEX(t)), t IS NULL FROM `order` ORDER BY i')
        expect(texts).toEqual(expected.map(([i, hex, isNull]) => [i, hex, isNull ? 1 : 0]))
        const asText =
          'CAST(b AS CHAR), CAST(nb AS CHAR), CAST(ub AS CHAR), CAST(d AS CHAR), f, sub, bo, LOWER(HEX(bl))'
        expect(await rows(url, `SELECT ${asText} FROM numbers`)).toEqual([
          [
            '9223372036854775807',
            '-9223372036854775808',
            '18446744073709551615',
            '99999999999999999999999999.1234567890',
            1e308,
            5e-324,
            1,
            '00ff0a22',
          ],
        ])
        expect(await rows(url, 'SELECT CAST(h AS CHAR) FROM `we``ird "t"`')).toEqual([
          ['170141183460469231731687303715884105727'],
        ])

        // And back again.
        const back = await place.job([from(url, { table: 'order' }), target('in', { format: 'parquet', path: 'back' })])
        expect([back.code, recordsOf(back).written]).toEqual([0, 11])
        const lost = `SELECT i::BIGINT, t FROM '${place.path('texts.parquet')}' EXCEPT ALL SELECT i::BIGINT, t FROM '${place.path('back/*.parquet')}'`
        expect(await place.rows(lost)).toEqual([])
      })
    })
  },
  120_000,
)

test('without LOAD DATA the job works through INSERT, and says so', async () => {
  await withServer(false, async (url) => {
    await inPlace(async (place) => {
      await place.put('in.csv', 'id\n1\n2\n')
      const { code, err } = await place.job([source('in.csv'), into(url, 't')])
      expect([code, await rows(url, 'SELECT id FROM t ORDER BY id')]).toEqual([0, [[1], [2]]])
      expect(err).toMatch(/local_infile/)
    })
  })
}, 60_000)

test('rows are put in by as many statements as the server takes bytes, one too large is refused alone', async () => {
  await withServer(false, async (url) => {
    await inPlace(async (place) => {
      const wide = `SELECT i, repeat('x', CASE WHEN i = 700 THEN 17000000 ELSE 40000 END) AS t FROM range(1500) t(i)`
      await place.parquet('in.parquet', wide)
      const ended = await place.job([source('in.parquet'), into(url, 't')], {
        ...keepBad,
        restart: { strategy: 'NONE' },
      })
      expect([ended.code, recordsOf(ended)]).toEqual([0, { read: 1500, written: 1499, filtered: 0, failed: 1 }])
      expect(await rows(url, 'SELECT COUNT(*), MAX(i), SUM(LENGTH(t)) FROM t')).toEqual([[1499, 1499, '59960000']])
    })
  })
}, 60_000)

test('types of Parquet that a table has no word for', async () => {
  await withTarget(async (place, url) => {
    await place.parquet(
      'in.parquet',
      `SELECT [1, 2, NULL] AS l, {'a': 1, 'b': 'x"y'} AS s, map {'k': 1} AS m, TIMESTAMPTZ '2020-01-01 12:00:00+02' AS tz,
         'a'::ENUM('a', 'b') AS en, 'b2aa1a5c-0f3c-4a6e-9c1a-000000000001'::UUID AS u, INTERVAL 3 DAY AS iv
       UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL, NULL`,
    )
    const ended = await place.job([source('in.parquet'), into(url, 't')])
    expect([ended.code, recordsOf(ended).written]).toEqual([0, 2])
    const all = ['l', 's', 'm', 'tz', 'en', 'u', 'iv'].map((name) => `CAST(\`${name}\` AS CHAR)`).join(', ')
    expect(await rows(url, `SELECT ${all} FROM t WHERE u IS NOT NULL`)).toEqual([
      [
        '[1,2,null]',
        '{"a":1,"b":"x\\"y"}',
        '{"k":1}',
        '2020-01-01 10:00:00.000000',
        'a',
        'b2aa1a5c-0f3c-4a6e-9c1a-000000000001',
        '3 days',
      ],
    ])
  })
})

describe('modes', () => {
  test('UPSERT: of several records of a key the last one wins, and all are accounted for', async () => {
    await withTarget(async (place, url) => {
      await place.parquet('in.parquet', `FROM (VALUES (1, 'a'), (2, 'b'), (1, 'c'), (1, 'd'), (NULL, 'e')) v(k, t)`)
      const ended = await place.job([source('in.parquet'), into(url, 't', { mode: 'UPSERT', key: 'k' })], keepBad)
      expect([ended.code, recordsOf(ended)]).toEqual([0, { read: 5, written: 4, filtered: 0, failed: 1 }])
      expect(await rows(url, 'SELECT k, t FROM t ORDER BY k')).toEqual([
        [1, 'd'],
        [2, 'b'],
      ])
    })
  })

  test('REPLACE makes a table that is not there, if it may; no rows make an empty one', async () => {
    await withTarget(async (place, url) => {
      await place.parquet('in.parquet', 'SELECT 1 AS i')
      await place.parquet('none.parquet', 'SELECT 1 AS i WHERE false')
      const run = async (name: string, config: object) =>
        (await place.job([source(name), into(url, 't', { mode: 'REPLACE', ...config })])).code
      expect(await run('in.parquet', { createTable: false })).toBe(2)
      expect(await run('in.parquet', {})).toBe(0)
      expect(await rows(url, 'SELECT * FROM t')).toEqual([[1]])
      expect(await run('none.parquet', {})).toBe(0)
      expect(await rows(url, 'SELECT * FROM t')).toEqual([])
      expect(await rows(url, 'SHOW TABLES')).toEqual([['etl_sink_progress'], ['t']])
    })
  })

  test('replaceWhere is the dialect of the database, with parameters as values', async () => {
    await withTarget(async (place, url) => {
      await onServer(
        url,
        `CREATE TABLE t (day DATE, v INT, s VARCHAR(9)); INSERT INTO t VALUES ('2020-01-01', 1, 'a'), ('2020-01-02', 2, 'it''s')`,
      )
      await place.parquet('in.parquet', `SELECT DATE '2020-01-01' AS day, 9 AS v, 'n' AS s`)
      const run = async (replaceWhere: string, s = "it's") =>
        await place.job(
          [source('in.parquet'), into(url, 't', { replaceWhere })],
          { parameters: { day: { type: 'DATE', default: '2020-01-01' }, s: { type: 'STRING' } } },
          { args: ['--param', `s=${s}`] },
        )
      expect((await run('day = ${day} AND s <> ${s}')).code).toBe(0)
      expect(await rows(url, 'SELECT v FROM t ORDER BY v')).toEqual([[2], [9]])
      expect((await run('DATE_FORMAT(`day`, "%Y") = "2020" AND v MOD 2 = 1 -- odd')).code).toBe(0)
      expect(await rows(url, 'SELECT v FROM t ORDER BY v')).toEqual([[2], [9]])
      expect((await run('s = ${s}', "' OR '1'='1")).code).toBe(0)
      expect(await rows(url, 'SELECT v FROM t ORDER BY v')).toEqual([[2], [9], [9]])
      for (const evil of ['1=0) OR (1=1', '1=0; DROP TABLE t', 'nosuch = 1', '1=1 LIMIT 1', '1=0 /*', "s = '"]) {
        const ended = await run(evil)
        expect([evil, ended.code, ended.answer.errors?.[0]?.pointer]).toEqual([evil, 2, '/nodes/1/config/replaceWhere'])
      }
      expect((await run('s = ${s}', "\\' OR 1=1 -- ")).code).toBe(2)
      expect(await rows(url, 'SELECT v FROM t ORDER BY v')).toEqual([[2], [9], [9]])
    })
  }, 60_000)

  test('a calculated column of a name that SQL knows goes into a table of such a name', async () => {
    await withTarget(async (place, url) => {
      await place.put('in.csv', '"a ""q"" b",select\n1,2\n')
      const set = { from: '"a ""q"" b" + "select"' }
      const ended = await place.job([source('in.csv'), operator('MAP', { set }), into(url, 'select', {}, 'op')])
      expect([ended.code, await rows(url, 'SELECT `a "q" b`, `select`, `from` FROM `select`')]).toEqual([
        0,
        [[1, 2, 3]],
      ])
    })
  })
})

/** The lent one, or one of its own on which LOAD DATA is not allowed. */
async function withServer(loads: boolean, run: (url: string) => Promise<void>): Promise<void> {
  if (loads) return await withDatabase(run)
  const folder = await mkdtemp(join(tmpdir(), 'etl-mysql-'))
  const server = await privateMysql(folder)
  try {
    await server.start()
    await onServer(server.address, 'SET GLOBAL local_infile = 0; CREATE DATABASE d CHARACTER SET utf8mb4')
    await run(`${server.address}/d`)
  } finally {
    await server.kill()
    await rm(folder, { recursive: true, force: true })
  }
}
