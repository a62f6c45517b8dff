import { expect, test } from '@jest/globals'
import { jdbc } from '../../connectors/jdbc/index.js'
import { readAll } from '../conformance/read-all.js'
import { fence } from '../conformance/sink-suite.js'
import { context, newKey, sinkOf, sourceOf, withSession, writeEpoch } from '../support/jdbc.js'
import { describeWithPostgres, onPostgres } from '../support/postgres.js'

describeWithPostgres('PostgreSQL', (lent) => {
  /** Every type, with the values that get lost most easily. */
  const awkward = `
    SELECT * FROM (VALUES
      (1, '\\N', true, 18446744073709551615::UBIGINT, 12345678901234567890.123456789::DECIMAL(38,9), 0.1::DOUBLE, 16777216::FLOAT,
       DATE '2001-02-28', TIMESTAMP '2001-01-01 10:11:12.123456', TIMESTAMPTZ '2001-01-01 10:11:12+02', TIME '23:59:59.5', '\\x00\\xFF\\x22\\x5C'::BLOB,
       '00000000-0000-0000-0000-00000000000f'::UUID, '{"ä": [1, 12345678901234567890.5]}'::JSON, INTERVAL '14 months 3 days 4.5 seconds'),
      (2, 'a",b "q" \\ \\N \\. ' || chr(10) || chr(13) || chr(9) || 'é🜚', false, 0, -0.000000001, -1e300, -0.0,
       DATE '0044-03-15 (BC)', TIMESTAMP '9999-12-31 23:59:59', TIMESTAMPTZ '1970-01-01 00:00:00+00', TIME '00:00:00', ''::BLOB, NULL, '[]'::JSON, INTERVAL '-1 day'),
      (3, '', NULL, NULL, NULL, 'nan'::DOUBLE, 'inf'::FLOAT, DATE 'infinity', TIMESTAMP '-infinity', NULL, NULL, NULL, NULL, NULL, NULL),
      (4, NULL, true, 1, 1, 5e-324, 1e-45, DATE '2000-02-29', TIMESTAMP '2000-02-29 00:00:00', NULL, TIME '12:00:00', '"'::BLOB, NULL, '"\\\\"'::JSON, INTERVAL '0 seconds'),
      (5, chr(10), true, 1, 1, 1, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
    ) AS v(id, s, b, u, d, f, g, day, moment, zoned, t, bytes, uuid, j, i)`

  test('every value survives the way into a table and back', async () => {
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        expect(await writeEpoch(session, sinkOf(url, { table: 'kept', createTable: true }), newKey(), awkward)).toEqual(
          [],
        )
        const { records } = await readAll(sourceOf(url, { table: 'kept' }), session)
        const expected = await session.rows(
          `SELECT * REPLACE (CAST(u AS DECIMAL(20,0)) AS u) FROM (${awkward}) ORDER BY id`,
        )
        expect(records.sort((a, b) => Number(a[0]) - Number(b[0]))).toEqual(expected)
      }),
    )
  })

  test('one column of texts survives, empty ones and NULL included', async () => {
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        const select = `SELECT unnest(['', NULL, '\\.', '\\N', '"', ',', 'x']) AS s`
        await writeEpoch(session, sinkOf(url, { table: 'kept', createTable: true }), newKey(), select)
        const { records } = await readAll(sourceOf(url, { table: 'kept' }), session)
        expect(records.flat()).toEqual(['', null, '\\.', '\\N', '"', ',', 'x'])
      }),
    )
  })

  test('types without a name in the engine are read as text, or as JSON', async () => {
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        await onPostgres(
          url,
          `CREATE TYPE mood AS ENUM ('sad', 'glad');
           CREATE DOMAIN positive AS integer CHECK (value > 0);
           CREATE TABLE odd (id integer PRIMARY KEY, m mood, a integer[], p positive, n numeric, b bit(3), i inet, big numeric(50,20), z timetz);
           INSERT INTO odd VALUES (1, 'glad', '{1,NULL,3}', 7, 1.50, b'101', '10.0.0.1', 123456789012345678901234567890.12345678901234567890, '10:00+02')`,
        )
        const source = sourceOf(url, { table: 'odd' })
        expect((await source.schema()).map(({ type }) => type)).toEqual([
          'INTEGER',
          'VARCHAR',
          'JSON',
          'INTEGER',
          'VARCHAR',
          'VARCHAR',
          'VARCHAR',
          'VARCHAR',
          'VARCHAR',
        ])
        const { records } = await readAll(source, session)
        expect(records).toEqual([
          [
            1,
            'glad',
            '[1,null,3]',
            7,
            '1.50',
            '101',
            '10.0.0.1',
            '123456789012345678901234567890.12345678901234567890',
            '10:00:00+02',
          ],
        ])
      }),
    )
  })

  test('records that the table refuses come back, and the rest is written', async () => {
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        const columns = 'id bigint PRIMARY KEY, s varchar(5), n integer NOT NULL CHECK (n <> 7)'
        await onPostgres(url, `CREATE TABLE strict (${columns}); CREATE TABLE kept (${columns})`)
        const select = `SELECT i AS id, CASE WHEN i = 70 THEN 'much' || chr(10) || ' too long' WHEN i = 71 THEN 'a' || chr(0) ELSE 'o' || chr(10) END AS s,
          CASE WHEN i = 90 THEN NULL ELSE i END AS n FROM range(3000) r(i) UNION ALL SELECT 5, 'twice', 5`
        const rejected = await writeEpoch(session, sinkOf(url, { table: 'strict' }), newKey(), select)
        expect(rejected.map(({ rowid }) => rowid)).toEqual([7, 70, 71, 90, 3000])
        expect(rejected.map(({ message }) => message).join()).toMatch(/check.*too long.*0x00.*null value.*duplicate/s)
        const upsert = sinkOf(url, { table: 'kept', mode: 'UPSERT', key: 'id' })
        const refused = await writeEpoch(session, upsert, newKey(), select)
        expect(refused.map(({ rowid }) => rowid)).toEqual([7, 70, 71, 90])
        expect(
          await onPostgres(
            url,
            `SELECT (SELECT count(*) FROM strict) AS a, (SELECT count(*) FROM kept) AS b, (SELECT s FROM kept WHERE id = 5) AS s`,
          ),
        ).toEqual([{ a: '2996', b: '2996', s: 'twice' }])
      }),
    )
  })

  test('a query for the sink is staged, and what is refused of it leaves nothing', async () => {
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        await onPostgres(url, 'CREATE TABLE strict (id smallint)')
        const schema = [{ name: 'id', type: 'BIGINT' }]
        const sink = sinkOf(url, { table: 'strict' })
        const key = newKey()
        await sink.prepare([key], schema, fence())
        const open = await sink.open(key, fence(), schema)
        const staged = await open.stageQuery!({ select: 'SELECT i AS id FROM range(10) r(i)', schema }, session)
        await staged.append()
        const bad = await open.stageQuery!({ select: 'SELECT i * 9000 AS id FROM range(10) r(i)', schema }, session)
        await expect(bad.append()).rejects.toMatchObject({ code: 'record.bad' })
        await open.commit({ epoch: 1, written: 10, rejects: null, counters: '{}' })
        await open.close()
        expect(await onPostgres(url, 'SELECT count(*) AS n, sum(id) AS s FROM strict')).toEqual([{ n: '10', s: '45' }])
      }),
    )
  })

  test('the last record of a key wins, within a batch and between epochs', async () => {
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        const key = newKey()
        const sink = sinkOf(url, { table: 'kept', mode: 'UPSERT', key: ['k'], createTable: true })
        await writeEpoch(session, sink, key, `SELECT * FROM (VALUES ('a', 1), ('b', 2), ('a', 3)) v(k, n)`, 1)
        await writeEpoch(session, sink, key, `SELECT * FROM (VALUES ('b', 9), ('A', 5), ('b', 4)) v(k, n)`, 2)
        expect(await onPostgres(url, 'SELECT k, n FROM kept ORDER BY k')).toEqual([
          { k: 'A', n: 5 },
          { k: 'a', n: 3 },
          { k: 'b', n: 4 },
        ])
      }),
    )
  })

  test.each([
    ['REPLACE puts everything in the place of what was there', { mode: 'REPLACE' }, [1, 2], [3]],
    ['replaceWhere only what its condition names', { replaceWhere: '"n" = 2' }, [1, 2], [1, 3]],
  ])('%s, and only once', async (_title, config, before, after) => {
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        await onPostgres(
          url,
          'CREATE TABLE kept (n integer); INSERT INTO kept VALUES (1), (2); CREATE VIEW seen AS SELECT n FROM kept',
        )
        const key = newKey()
        const sink = sinkOf(url, { table: 'kept', ...config })
        const seen = async () => (await onPostgres(url, 'SELECT n FROM seen ORDER BY n')).map(({ n }) => n)
        await writeEpoch(session, sink, key, 'SELECT 3 AS n')
        expect(await seen()).toEqual(before)
        await sink.finish([key], fence({ epoch: 2 }))
        await sink.finish([key], fence({ epoch: 2 }))
        expect(await seen()).toEqual(after)
        await sink.prepare([key], [{ name: 'n', type: 'INTEGER' }], fence({ generation: 2 }))
        await sink.finish([key], fence({ generation: 2 }))
        expect(await seen()).toEqual(after)
        const tables = `SELECT relname AS name FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1`
        expect((await onPostgres(url, tables)).map(({ name }) => name)).toEqual(['etl_sink_progress', 'kept'])
      }),
    )
  })

  test('EVOLVE adds what the table lacks, and what does not fit is said before', async () => {
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        await onPostgres(
          url,
          'CREATE TABLE kept ("Id" integer, day date, amount numeric(5,1)); CREATE VIEW seen AS SELECT * FROM kept',
        )
        const sink = sinkOf(url, { table: 'kept', onSchemaChange: 'EVOLVE' })
        await writeEpoch(session, sink, newKey(), `SELECT 1 AS id, 'x' AS s, [1, 2] AS l`)
        expect(await onPostgres(url, 'SELECT * FROM kept')).toMatchObject([{ Id: 1, s: 'x', l: [1, 2] }])
        const problems = await sink.check([
          { name: 'day', type: 'VARCHAR' },
          { name: 'amount', type: 'DECIMAL(5,2)' },
          { name: 'n', type: 'TIMESTAMP_NS' },
        ])
        expect(problems.map(({ message }) => message)).toEqual([
          'The column `day` of kept is date, which does not hold VARCHAR.',
          'The column `amount` of kept is numeric(5,1), which does not hold DECIMAL(5,2).',
          expect.stringContaining('nanoseconds'),
        ])
        expect((await sinkOf(url, { table: 'seen' }).check([])).map(({ code }) => code)).toEqual(['sink.unsupported'])
      }),
    )
  })

  test('ranges, increments and polls go by times and texts', async () => {
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        await onPostgres(
          url,
          `CREATE TABLE t (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), word text NOT NULL, at timestamptz NOT NULL);
           INSERT INTO t (word, at) SELECT 'w''' || i % 37, '2001-01-01'::timestamptz + i * interval '1.234567 seconds' FROM generate_series(1, 1000) i;
           INSERT INTO t (word, at) SELECT 'young', now() FROM generate_series(1, 10) i`,
        )
        for (const config of [{}, { splitBy: 'word' }, { splitBy: 'at', splits: 5 }]) {
          const { records } = await readAll(sourceOf(url, { table: 't', ...config }), session, {
            parallelism: 2,
            budget: { records: 100, bytes: 1e9 },
          })
          expect([records.length, new Set(records.map(String)).size]).toEqual([1010, 1010])
        }
        const since = (lag: string) =>
          sourceOf(url, { table: 't', incremental: { column: 'at', from: '2001-01-01 00:10:00+00', lag } })
        const old = await readAll(since('1h'), session)
        const young = await readAll(since('0s'), session, { from: old.positions.at(-1) })
        expect([old.records.length, young.records.length]).toEqual([514, 10])
      }),
    )
  })

  test('a connection tells its tables and views', async () => {
    await lent.withDatabase(async (url) => {
      await onPostgres(
        url,
        'CREATE TABLE t (id integer, d numeric(10,2)); CREATE SCHEMA more; CREATE VIEW more.v AS SELECT d FROM t',
      )
      const columns = [
        { name: 'id', type: 'INTEGER' },
        { name: 'd', type: 'DECIMAL(10,2)' },
      ]
      expect(await jdbc.connection!.discover!({ url }, context)).toEqual([
        { name: 'more.v', kind: 'VIEW', columns: columns.slice(1) },
        { name: 't', kind: 'TABLE', columns },
      ])
      expect(await jdbc.connection!.check({ url }, context)).toMatch(/^Connected to PostgreSQL 1\d.* as postgres\.$/)
    })
  })

  test.each([
    ['to nobody', () => 'postgres://u:pa55-word@127.0.0.1:1/x', 'connection.refused'],
    ['to a database that there is not', () => new URL('/not_there', lent.url).toString(), 'source.missing'],
    ['with parameters that are not read', () => `${lent.url}?sslmode=verify-full`, 'config.invalid'],
  ])('a connection %s is refused in words, without its password', async (_title, url, code) => {
    const checked = jdbc.connection!.check({ url: url() }, context)
    await expect(checked).rejects.toMatchObject({ code })
    await expect(checked).rejects.not.toThrow('pa55-word')
  })
})
