import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { jdbc } from '../../connectors/jdbc/index.js'
import { readAll } from '../conformance/read-all.js'
import { fence } from '../conformance/sink-suite.js'
import { context, newKey, sinkOf, sourceOf, withSession, writeEpoch } from '../support/jdbc.js'
import { onSqlite } from '../support/sqlite.js'

let folder: string
let url: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etl-sqlite-'))
  url = `sqlite://${folder}/x.db`
  onSqlite(url, 'CREATE TABLE made (id INTEGER)')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('every value survives the way into a table and back', async () => {
  await withSession(async (session) => {
    const awkward = `
      SELECT * FROM (VALUES
        (9223372036854775807, '12' || chr(0) || 'é🜚', true, 18446744073709551615::UBIGINT, 12345678901234567890.120000000::DECIMAL(38,9), 0.1::DOUBLE, 0.1::FLOAT,
         DATE '2001-02-28', TIMESTAMP '2001-01-01 10:11:12.123456', TIMESTAMPTZ '2001-01-01 10:11:12+02', TIME '23:59:59.5', '\\x00\\xFF'::BLOB,
         '00000000-0000-0000-0000-00000000000f'::UUID, '1.50'::JSON),
        (-9223372036854775808, '0012', false, 0, -0.000000001, 5e-324, 1e-45, DATE '1970-01-01', TIMESTAMP '9999-12-31 23:59:59', NULL, TIME '00:00:00', ''::BLOB, NULL, '{"a":[]}'::JSON),
        (3, '', NULL, NULL, NULL, 'inf'::DOUBLE, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
      ) AS v(id, s, b, u, d, f, g, day, moment, zoned, t, bytes, uuid, j)`
    expect(await writeEpoch(session, sinkOf(url, { table: 'kept', createTable: true }), newKey(), awkward)).toEqual([])
    const { records } = await readAll(sourceOf(url, { table: 'kept' }), session)
    const expected = await session.rows(
      `SELECT * REPLACE (CAST(u AS DECIMAL(20,0)) AS u, CAST(g AS DOUBLE) AS g) FROM (${awkward})`,
    )
    expect(records).toEqual(expected)
  })
})

test('values that are of another kind than their column are told apart', async () => {
  await withSession(async (session) => {
    onSqlite(
      url,
      `CREATE TABLE odd (id INTEGER PRIMARY KEY, n INTEGER, at DATETIME); INSERT INTO odd VALUES (1, 2, '2001-01-01 10:00:00'), (2, 'x', NULL), (3, NULL, 978307200)`,
    )
    const { records, rejected } = await readAll(sourceOf(url, { table: 'odd' }), session)
    expect(records).toEqual([[1n, 2n, '2001-01-01 10:00:00']])
    expect(rejected.map(({ message }) => message)).toEqual([
      expect.stringContaining('Column "n" does not hold a value of type BIGINT: x'),
      expect.stringContaining('Column "at" does not hold a value of type TIMESTAMP'),
    ])
  })
})

test('values that their column would round or cut are told apart', async () => {
  await withSession(async (session) => {
    onSqlite(
      url,
      `CREATE TABLE odd (id INTEGER PRIMARY KEY, n INT, m DECIMAL(9,2), d DATE, t TIME);
       INSERT INTO odd VALUES (1, 1, 1.25, '2001-01-01', '10:00:00'), (2, 1.5, NULL, NULL, NULL), (3, NULL, 1.239, NULL, NULL),
         (4, NULL, NULL, '2001-01-01 10:00:00', NULL), (5, NULL, NULL, NULL, '10:00:00+02'), (6, 2.0, 1, '2001-01-01 00:00:00', '9:00')`,
    )
    const { records, rejected } = await readAll(sourceOf(url, { table: 'odd' }), session)
    expect(records).toEqual([
      [1n, 1n, '1.25', '2001-01-01', '10:00:00'],
      [6n, 2n, '1.00', '2001-01-01', '09:00:00'],
    ])
    expect(rejected.map(({ message }) => message)).toEqual([
      'Column "n" does not hold a value of type BIGINT: 1.5',
      'Column "m" does not hold a value of type DECIMAL(9,2): 1.239',
      'Column "d" does not hold a value of type DATE: 2001-01-01 10:00:00',
      'Column "t" does not hold a value of type TIME: 10:00:00+02',
    ])
  })
})

test.each([
  ['NULL in its key', 'k text primary key, v int', `(NULL, 1), ('a', 2), (NULL, 3), ('b', 4)`],
  ['NULL in a part of its key', 'k text, v int, primary key (k, v)', `('a', NULL), ('a', 1), (NULL, 2), ('b', NULL)`],
  [
    'keys of every kind',
    'k text primary key, v int',
    `('a', 1), (x'62', 2), (3, 3), ('c', 4), ('1', 5), (x'', 6), ('', 7)`,
  ],
  [
    'texts and fractions for numbers',
    'k int primary key, v int',
    `(2, 1), ('x', 2), (1.5, 3), (9e999, 4), (-9223372036854775808, 5), (x'00', 6), (0.1e0 + 0.2e0, 7), ('', 8)`,
  ],
  [
    'anything for a key',
    'k blob primary key, v int',
    `(x'41', 1), ('A', 2), (65, 3), (65.5, 4), (x'', 5), ('', 6), ('65', 7)`,
  ],
  [
    'texts with zeros in its key',
    'k text primary key, v int',
    `('a', 1), ('a' || char(0), 2), ('a' || char(0) || 'b', 3), ('it''s', 4)`,
  ],
  ['NULL among whole numbers', 'k int, v int, primary key (k, v)', `(1, 1), (NULL, 1), (2, 2)`],
  [
    'times and numbers for times',
    'k timestamp primary key, v int',
    `('2001-01-01 00:00:00', 1), (978307200, 2), ('x', 3), (x'32', 4), (0.5, 5)`,
  ],
])('a table with %s is read whole, page by page and in ranges', async (_title, columns, values) => {
  onSqlite(url, `CREATE TABLE keyed (${columns}); INSERT INTO keyed VALUES ${values}`)
  const [{ n } = { n: 0 }] = onSqlite(url, 'SELECT count(*) AS n FROM keyed')
  for (const splits of [undefined, 3])
    for (const records of [1, 2, 1000])
      await withSession(async (session) => {
        const source = sourceOf(url, { table: 'keyed', ...(splits && { splits }) })
        const read = await readAll(source, session, { budget: { records, bytes: 1e9 } })
        const all = [...read.records.map(String), ...read.rejected.map(({ original }) => original)]
        expect({ splits, records, read: all.length, apart: new Set(all).size }).toEqual({
          splits,
          records,
          read: n,
          apart: n,
        })
      })
})

test('a table that is polled is refused where keys are missing', async () => {
  onSqlite(url, `CREATE TABLE keyed (k text primary key); INSERT INTO keyed VALUES (NULL), ('a')`)
  const source = sourceOf(url, { table: 'keyed', interval: '1s' })
  await expect(source.plan(null, { records: 10, bytes: 1e9 }, 1)).rejects.toMatchObject({
    code: 'config.invalid',
    pointer: '/table',
  })
})

test('records that the table refuses come back, and the rest is written', async () => {
  await withSession(async (session) => {
    onSqlite(url, 'CREATE TABLE strict (id INTEGER PRIMARY KEY, n INTEGER NOT NULL CHECK (n <> 7), f REAL)')
    const select = `SELECT i AS id, CASE WHEN i = 90 THEN NULL ELSE i END AS n, CASE WHEN i = 91 THEN 'nan'::DOUBLE ELSE 0.5 END AS f FROM range(3000) r(i) UNION ALL SELECT 5, 5, 1`
    const rejected = await writeEpoch(session, sinkOf(url, { table: 'strict' }), newKey(), select)
    expect(rejected.map(({ rowid }) => rowid)).toEqual([7, 90, 91, 3000])
    expect(onSqlite(url, 'SELECT COUNT(*) AS n FROM strict')).toEqual([{ n: 2997 }])
    const refusing = await sinkOf(url, { table: 'strict' }).check([{ name: 'n', type: 'DECIMAL(10,2)' }])
    expect(refusing.map(({ code }) => code)).toEqual(['schema.mismatch', 'schema.mismatch'].slice(0, refusing.length))
    expect(refusing.length).toBeGreaterThan(0)
  })
})

test.each([
  ['REPLACE puts everything in the place of what was there', { mode: 'REPLACE' }, [3]],
  ['replaceWhere only what its condition names', { replaceWhere: 'n = 2' }, [1, 3]],
])('%s, and only once', async (_title, config, after) => {
  await withSession(async (session) => {
    onSqlite(url, 'CREATE TABLE kept (n INTEGER); INSERT INTO kept VALUES (1), (2)')
    const key = newKey()
    const sink = sinkOf(url, { table: 'kept', ...config })
    const seen = () => onSqlite(url, 'SELECT n FROM kept ORDER BY n').map(({ n }) => n)
    await writeEpoch(session, sink, key, 'SELECT 3 AS n')
    expect(seen()).toEqual([1, 2])
    await sink.finish([key], fence({ epoch: 2 }))
    await sink.finish([key], fence({ epoch: 2 }))
    expect(seen()).toEqual(after)
    expect(
      onSqlite(url, `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1`).map(({ name }) => name),
    ).toEqual(['etl_sink_progress', 'kept', 'made'])
  })
})

test('a connection tells its tables and views, and EVOLVE adds columns', async () => {
  await withSession(async (session) => {
    onSqlite(
      url,
      'CREATE TABLE t (id INTEGER PRIMARY KEY, d DECIMAL(10,2)); CREATE VIEW v AS SELECT d FROM t; DROP TABLE made',
    )
    await writeEpoch(
      session,
      sinkOf(url, { table: 't', onSchemaChange: 'EVOLVE' }),
      newKey(),
      `SELECT 1 AS id, DATE '2001-01-01' AS day`,
    )
    expect(await jdbc.connection!.discover!({ url }, context)).toEqual([
      {
        name: 't',
        kind: 'TABLE',
        columns: [
          { name: 'id', type: 'BIGINT' },
          { name: 'd', type: 'DECIMAL(10,2)' },
          { name: 'day', type: 'DATE' },
        ],
      },
      { name: 'v', kind: 'VIEW', columns: [{ name: 'd', type: 'DECIMAL(10,2)' }] },
    ])
  })
})

test('increments go by times, and leave what is young', async () => {
  await withSession(async (session) => {
    onSqlite(
      url,
      `CREATE TABLE t (id INTEGER PRIMARY KEY, at TIMESTAMP); INSERT INTO t VALUES (1, '2001-01-01 00:00:00'), (2, '2001-01-02 00:00:00'), (3, strftime('%Y-%m-%d %H:%M:%f', 'now'))`,
    )
    const since = (lag: string) =>
      sourceOf(url, { table: 't', columns: ['id'], incremental: { column: 'at', from: '2001-01-01 00:00:00', lag } })
    const old = await readAll(since('1h'), session)
    const young = await readAll(since('0s'), session, { from: old.positions.at(-1) })
    expect([old.records, young.records]).toEqual([[[2n]], [[3n]]])
  })
})

test('files outside the folders that may be touched, and files that are none, are refused', async () => {
  const elsewhere = { ...context, fileRoots: [join(folder, 'below')] }
  await expect(jdbc.connection!.check({ url }, elsewhere)).rejects.toMatchObject({ code: 'config.invalid' })
  await expect(jdbc.connection!.check({ url: `${url}-not` }, context)).rejects.toMatchObject({ code: 'source.missing' })
  expect(await jdbc.connection!.check({ url }, context)).toMatch(/^Connected to SQLite 3/)
})
