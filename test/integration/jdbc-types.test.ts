/** Every type of one database through Parquet into another: each value stays what it is, or is refused in words. */
import { expect, test } from '@jest/globals'
import type { Session } from '../../duckdb/session.js'
import { readAll } from '../conformance/read-all.js'
import { copyThroughParquet, newKey, sinkOf, sourceOf, withSession, writeEpoch } from '../support/jdbc.js'
import { onServer, withDatabase } from '../support/lend.js'
import { describeWithPostgres, onPostgres } from '../support/postgres.js'

const mysqlTypes = `
  CREATE TABLE kept (
    id INT PRIMARY KEY, t1 TINYINT, t1u TINYINT UNSIGNED, t2 SMALLINT, t2u SMALLINT UNSIGNED, t3 MEDIUMINT, t3u MEDIUMINT UNSIGNED,
    t4 INT, t4u INT UNSIGNED, t8 BIGINT, t8u BIGINT UNSIGNED, d DECIMAL(38,10), dd DECIMAL(65,30), f FLOAT, g DOUBLE, b1 BIT(1), b64 BIT(64),
    c CHAR(10), v VARCHAR(100), tx LONGTEXT, bi BINARY(4), vb VARBINARY(10), bl LONGBLOB, e ENUM('x','y z'), s SET('p','q'), j JSON,
    da DATE, dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP(6) NULL, ti TIME(6), y YEAR) DEFAULT CHARSET utf8mb4;
  SET time_zone = '+00:00', sql_mode = '';
  INSERT INTO kept VALUES
    (1, -128, 255, -32768, 65535, -8388608, 16777215, -2147483648, 4294967295, -9223372036854775808, 18446744073709551615,
     9999999999999999999999999999.9999999999, 99999999999999999999999999999999999.999999999999999999999999999999, 3.4028234e38, 1.7976931348623157e308,
     b'1', b'1111111111111111111111111111111111111111111111111111111111111111', 'é🜚', 'a"\\\\,''\\n\\r\\t\\0x', REPEAT('ü', 3000000),
     X'00FF00FF', X'', REPEAT(X'00', 100000), 'y z', 'p,q', '{"a":"\\\\"ü"}', '9999-12-31', '9999-12-31 23:59:59', '9999-12-31 23:59:59.999999',
     '2038-01-19 03:14:07.999999', '23:59:59.999999', 2155),
    (2, 127, 0, 32767, 0, 8388607, 0, 2147483647, 0, 9223372036854775807, 0, -9999999999999999999999999999.9999999999,
     -0.000000000000000000000000000001, -1.17549435e-38, 5e-324, b'0', b'0', '', '', '', X'', X'', X'', 'x', '', '[]', '1000-01-01',
     '1000-01-01 00:00:00', '1000-01-01 00:00:00.000001', '1970-01-01 00:00:01.000000', '00:00:00', 1901),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL);
  CREATE TABLE copied LIKE kept`

test('from MySQL through Parquet to an equal table of MySQL', async () => {
  await withSession((session) =>
    withDatabase(async (url) => {
      await onServer(url, mysqlTypes)
      // More digits than any type of the engine has: it is read as text, which a number does not take.
      const tooLong = copyThroughParquet(session, sourceOf(url, { table: 'kept' }), sinkOf(url, { table: 'copied' }))
      await expect(tooLong).rejects.toThrow('The column `dd` of copied is decimal(65,30), which does not hold VARCHAR.')
      await onServer(url, 'ALTER TABLE copied MODIFY dd TEXT')
      await copyThroughParquet(session, sourceOf(url, { table: 'kept' }), sinkOf(url, { table: 'copied' }))
      const columns = ((await onServer(url, 'SHOW COLUMNS FROM kept')) as { Field: string }[]).map(({ Field }) => Field)
      const different: string[] = []
      for (const column of columns) {
        const same =
          `SELECT COUNT(*) AS n FROM kept a JOIN copied b USING (id) WHERE NOT (HEX(a.${column}) <=> HEX(b.${column}) AND a.${column} <=> b.${column})`.replaceAll(
            'b.dd',
            'CAST(b.dd AS DECIMAL(65,30))',
          )
        if (Number(((await onServer(url, same)) as { n: number }[])[0]!.n) > 0) different.push(column)
      }
      expect(different).toEqual([])
      expect(await onServer(url, 'SELECT COUNT(*) AS n FROM copied')).toEqual([{ n: 3 }])
    }),
  )
})

/** Each of them comes first once: what is in the first line must not decide how lines end. */
const texts = [
  'a\rb',
  'a\nb',
  'a\r\nb',
  '\r',
  '\n',
  '\r\n',
  '\r\n\r',
  'c\r"',
  '"',
  '""',
  `'`,
  '\\',
  '\\N',
  '\\r\\n',
  ',',
  '\t',
  ' ',
  '',
  null,
]
const textOf = (written: string | null, e = '') =>
  written === null ? 'NULL' : `${e}'${written.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`

async function readEachFirst(session: Session, url: string, all: readonly (string | null)[]): Promise<void> {
  for (const [first, text] of all.entries()) {
    if (text === null || !/[\r\n"]/.test(text)) continue
    const select = first % 2 === 0 ? 'a' : 'id, a, id AS again'
    const source = sourceOf(url, { query: `SELECT ${select} FROM kept WHERE id >= ${first} ORDER BY id` })
    const { records } = await readAll(source, session)
    const rows = all.slice(first).map((one, at) => (select === 'a' ? [one] : [first + at, one, first + at]))
    expect({ text, select, records }).toEqual({ text, select, records: rows })
  }
}

test('texts of MySQL with line ends, quotes and backslashes are read, whichever comes first', async () => {
  await withSession((session) =>
    withDatabase(async (url) => {
      const all = [...texts, 'a\0b', '\0']
      await onServer(
        url,
        `CREATE TABLE kept (id INT PRIMARY KEY, a TEXT); INSERT INTO kept VALUES ${all.map((text, id) => `(${id}, ${textOf(text)})`).join(', ')}`,
      )
      await readEachFirst(session, url, all)
    }),
  )
})

test('into a table that is made for it, values are the same when they are read again', async () => {
  await withSession((session) =>
    withDatabase(async (url) => {
      await onServer(url, mysqlTypes)
      const into = sinkOf(url, { table: 'made', createTable: true, mode: 'UPSERT', key: 'id' })
      const { records } = await copyThroughParquet(session, sourceOf(url, { table: 'kept' }), into)
      const again = await readAll(sourceOf(url, { table: 'made' }), session)
      const plain = (all: unknown[][]) =>
        all.map((row) => row.map((value) => (typeof value === 'boolean' ? Number(value) : value)))
      expect(plain(again.records)).toEqual(plain(records))
    }),
  )
})

test('what a column would round or cut is refused', async () => {
  await withSession((session) =>
    withDatabase(async (url) => {
      await onServer(
        url,
        'CREATE TABLE kept (id INT PRIMARY KEY, dt DATETIME, ti TIME, ts TIMESTAMP(3) NULL, d DATE, v VARCHAR(3), b BIT(3), e ENUM("x"))',
      )
      const rows = [
        `2, TIMESTAMP '2001-01-01 00:00:00.5', NULL, NULL, NULL, NULL, NULL, NULL`,
        `3, NULL, TIME '00:00:00.5', NULL, NULL, NULL, NULL, NULL`,
        `4, NULL, NULL, TIMESTAMP '2001-01-01 00:00:00.0001', NULL, NULL, NULL, NULL`,
        `6, NULL, NULL, NULL, NULL, 'abcd', NULL, NULL`,
        `7, NULL, NULL, NULL, NULL, 'abc ', NULL, NULL`,
        `8, NULL, NULL, NULL, NULL, NULL, 8, NULL`,
        `9, NULL, NULL, NULL, NULL, NULL, NULL, 'y'`,
      ]
      const good = `1, TIMESTAMP '2001-01-01 00:00:00', TIME '00:00:00', TIMESTAMP '2001-01-01 00:00:00.001', DATE '2001-01-01', 'abc', 7, 'x'`
      const values = [good, ...rows].map((row) => `(${row})`).join(', ')
      const rejected = await writeEpoch(
        session,
        sinkOf(url, { table: 'kept' }),
        newKey(),
        `SELECT * FROM (VALUES ${values}) v(id, dt, ti, ts, d, v, b, e)`,
      )
      expect(rejected.map(({ rowid }) => rowid)).toEqual(rows.map((_, at) => at + 1))
    }),
  )
})

type Case = readonly [column: string, type: string, kept: readonly string[], refused: readonly string[]]

/** Each value in a column of its own: what is not refused is the same when it is read again. */
async function keptOrRefused(session: Session, url: string, cases: readonly Case[]): Promise<void> {
  const values = cases.flatMap(([, , kept, refused], at) =>
    [...kept, ...refused].map((value, n) => ({ at, value, bad: n >= kept.length })),
  )
  const row = (own: number, value: string) =>
    cases.map(([, type], at) => `CAST(${at === own ? value : 'NULL'} AS ${type}) AS c${at}`).join(', ')
  const select = values.map(({ at, value }, id) => `SELECT ${id} AS id, ${row(at, value)}`).join(' UNION ALL ')
  const told = (rows: readonly number[]) => rows.map((id) => `${cases[values[id]!.at]![0]} <- ${values[id]!.value}`)
  const sink = sinkOf(url, { table: 'kept' })
  const schema = [{ name: 'id', type: 'INTEGER' }, ...cases.map(([, type], at) => ({ name: `c${at}`, type }))]
  expect((await sink.check(schema)).map(({ message }) => message)).toEqual([])
  const rejected = await writeEpoch(session, sink, newKey(), select)
  expect(told(rejected.map(({ rowid }) => rowid))).toEqual(told([...values.keys()].filter((id) => values[id]!.bad)))
  await readAll(sourceOf(url, { table: 'kept' }), session)
  const changed = cases.map(([, type], at) => `CAST(read.c${at} AS ${type}) IS DISTINCT FROM written.c${at}`)
  const different = await session.rows(
    `SELECT id FROM batch AS read JOIN written USING (id) WHERE ${changed.join(' OR ')}`,
  )
  expect(told(different.map(([id]) => Number(id)))).toEqual([])
  expect(await session.count('SELECT count(*) FROM batch')).toBe(values.length - rejected.length)
}

const tableOf = (cases: readonly Case[]) =>
  `CREATE TABLE kept (id INTEGER PRIMARY KEY, ${cases.map(([column], at) => `c${at} ${column} NULL`).join(', ')})`

test('what a column of MySQL would change in silence is refused value by value', async () => {
  const cases: readonly Case[] = [
    ['FLOAT', 'DOUBLE', ['0.5', '16777216', '-3.4028234663852886e38'], ['0.1', '16777217', '1e300']],
    ['FLOAT', 'FLOAT', ['0.1', '16777216'], []],
    ['FLOAT', 'BIGINT', ['-16777216'], ['16777217', '9223372036854775807']],
    ['FLOAT', 'INTEGER', ['16777216'], ['-16777217']],
    ['FLOAT', 'DECIMAL(10,2)', ['0.10', '123.45'], ['12345678.91']],
    ['DOUBLE', 'BIGINT', ['9007199254740992', '-9223372036854775808'], ['9007199254740993', '9223372036854775807']],
    ['DOUBLE', 'UBIGINT', ['9223372036854775808'], ['18446744073709551615']],
    ['DOUBLE', 'HUGEINT', ['1267650600228229401496703205376'], ['1267650600228229401496703205377']],
    ['DOUBLE', 'DECIMAL(25,5)', ['0.1', '12345678901.12345', '-1'], ['12345678901234567890.12345']],
    ['YEAR', 'INTEGER', ['0', '1901', '2155'], ['99', '1', '1900', '2156', '-1']],
    [`ENUM('x','y','it''s','b\\\\c')`, 'VARCHAR', [`'x'`, `'it''s'`, `'b\\c'`], [`'1'`, `'X'`, `''`, `'x '`]],
    [`ENUM('x','1')`, 'INTEGER', ['1'], ['2']],
    [`SET('a','b')`, 'VARCHAR', [`'a'`, `'a,b'`, `''`], [`'b,a'`, `'a,b,b'`, `'3'`, `'A'`]],
    ['CHAR(5)', 'VARCHAR', [`'ab'`, `''`, `' a'`], [`'ab   '`, `' '`]],
    ['BINARY(3)', 'BLOB', [`'\\x00\\x01\\x02'::BLOB`], [`'\\x00'::BLOB`, `''::BLOB`]],
  ]
  await withSession((session) =>
    withDatabase(async (url) => {
      await onServer(url, tableOf(cases))
      await keptOrRefused(session, url, cases)
      await onServer(url, 'CREATE TABLE rounding (f FLOAT(7,3))')
      const [problem] = await sinkOf(url, { table: 'rounding' }).check([{ name: 'f', type: 'DOUBLE' }])
      expect(problem).toMatchObject({
        message: 'The column `f` of rounding is float(7,3), which does not hold DOUBLE.',
      })
    }),
  )
})

test('keys that differ in case or in spaces at their end stay apart in a table that is made', async () => {
  await withSession((session) =>
    withDatabase(async (url) => {
      const sink = sinkOf(url, { table: 'made', createTable: true, mode: 'UPSERT', key: 'k' })
      await writeEpoch(session, sink, newKey(), `SELECT unnest(['a', 'a ', 'A', 'a']) AS k`)
      const rows = (await onServer(url, 'SELECT k FROM made')) as { k: string }[]
      expect(rows.map(({ k }) => k).sort()).toEqual(['A', 'a', 'a '])
    }),
  )
})

test('what no type holds is refused in words, not changed', async () => {
  await withSession((session) =>
    withDatabase(async (url) => {
      await onServer(
        url,
        `SET sql_mode = ''; CREATE TABLE kept (id INT PRIMARY KEY, da DATE, dt DATETIME, ti TIME); INSERT INTO kept VALUES (1, '0000-00-00', '2001-01-01', '10:00:00'), (2, NULL, '0000-00-00 00:00:00', NULL), (3, NULL, NULL, '838:59:59'), (4, NULL, NULL, '-01:00:00')`,
      )
      const { records, rejected } = await readAll(sourceOf(url, { table: 'kept' }), session)
      expect([records.length, rejected.map(({ message }) => message)]).toEqual([
        0,
        ['DATE: 0000-00-00', 'TIMESTAMP: 0000-00-00 00:00:00', 'TIME: 838:59:59', 'TIME: -01:00:00'].map((end) =>
          expect.stringContaining(end),
        ),
      ])
    }),
  )
})

const postgresTypes = `
  CREATE TABLE kept (id integer PRIMARY KEY, b boolean, i2 smallint, i4 integer, i8 bigint, n numeric(38,10), f4 real, f8 double precision, t text, v varchar(20),
    c char(5), by bytea, u uuid, j json, jb jsonb, d date, ti time(6), ts timestamp(6), tz timestamptz(6));
  INSERT INTO kept VALUES
    (1, true, -32768, -2147483648, -9223372036854775808, 9999999999999999999999999999.9999999999, 3.4028235e38, 1.7976931348623157e308, repeat('ü🜚', 100000),
     E'a"\\\\,''\\n\\r\\t', 'x', '\\x00ff', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '{"a": 12345678901234567890.5}', '{"b": null}', '9999-12-31', '23:59:59.999999',
     '9999-12-31 23:59:59.999999', '2001-07-01 12:00:00.000001+09'),
    (2, false, 32767, 2147483647, 9223372036854775807, -0.0000000001, 1e-45, 5e-324, '', '', '', '', NULL, '1', '"x"', '1000-01-01', '00:00:00', '1000-01-01 00:00:00', '1970-01-01 00:00:00+00'),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`

describeWithPostgres('from PostgreSQL', (lent) => {
  test('texts with line ends, quotes and backslashes are read, whichever comes first', async () => {
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        const rows = texts.map((text, id) => `(${id}, ${textOf(text, 'E')})`)
        await onPostgres(
          url,
          `CREATE TABLE kept (id integer PRIMARY KEY, a text); INSERT INTO kept VALUES ${rows.join(', ')}`,
        )
        await readEachFirst(session, url, texts)
      }),
    )
  })

  test('to MySQL, and from there back', async () => {
    await withSession((session) =>
      lent.withDatabase((postgres) =>
        withDatabase(async (mysql) => {
          await onPostgres(postgres, postgresTypes)
          const { records } = await copyThroughParquet(
            session,
            sourceOf(postgres, { table: 'kept' }),
            sinkOf(mysql, { table: 'kept', createTable: true }),
          )
          await onPostgres(
            postgres,
            'CREATE TABLE back (LIKE kept); ALTER TABLE back ALTER b TYPE smallint USING b::integer, ALTER u TYPE text, ALTER j TYPE text, ALTER jb TYPE text',
          )
          await copyThroughParquet(session, sourceOf(mysql, { table: 'kept' }), sinkOf(postgres, { table: 'back' }))
          const back = await readAll(sourceOf(postgres, { table: 'back' }), session)
          const plain = (all: unknown[][]) =>
            all.map((row) =>
              row.map((value) =>
                typeof value === 'boolean'
                  ? Number(value)
                  : typeof value === 'string' && /^[[{"1]/.test(value)
                    ? value.replaceAll(' ', '')
                    : value,
              ),
            )
          expect(plain(back.records)).toEqual(plain(records))
        }),
      ),
    )
  })

  test('what a column of PostgreSQL would round or cut is refused', async () => {
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        await onPostgres(
          url,
          'CREATE TABLE kept (id integer PRIMARY KEY, dt timestamp(0), ti time(0), ts timestamptz(3), v varchar(3), c char(3))',
        )
        const rows = [
          `2, TIMESTAMP '2001-01-01 00:00:00.5', NULL, NULL, NULL, NULL`,
          `3, NULL, TIME '00:00:00.5', NULL, NULL, NULL`,
          `4, NULL, NULL, TIMESTAMP '2001-01-01 00:00:00.0001', NULL, NULL`,
          `5, NULL, NULL, NULL, 'abcd', NULL`,
          `6, NULL, NULL, NULL, 'abc ', NULL`,
        ]
        const good = `1, TIMESTAMP '2001-01-01 00:00:00', TIME '00:00:00', TIMESTAMP '2001-01-01 00:00:00.001', 'abc', 'ab'`
        const values = [good, ...rows].map((row) => `(${row})`).join(', ')
        const rejected = await writeEpoch(
          session,
          sinkOf(url, { table: 'kept' }),
          newKey(),
          `SELECT * FROM (VALUES ${values}) v(id, dt, ti, ts, v, c)`,
        )
        expect(rejected.map(({ rowid }) => rowid)).toEqual(rows.map((_, at) => at + 1))
      }),
    )
  })

  test('two columns of one name are refused before they are read', async () => {
    await lent.withDatabase(async (url) => {
      await onPostgres(url, 'CREATE TABLE kept ("a" int, "A" int)')
      const refusal = (pointer: string) => ({
        code: 'config.invalid',
        pointer,
        message: expect.stringMatching(/two columns/),
      })
      await expect(sourceOf(url, { query: 'SELECT 1 AS a, 2 AS a' }).schema()).rejects.toMatchObject(refusal('/query'))
      await expect(sourceOf(url, { table: 'kept' }).schema()).rejects.toMatchObject(refusal('/table'))
      expect(await sourceOf(url, { table: 'kept', columns: ['a'] }).schema()).toEqual([{ name: 'a', type: 'INTEGER' }])
    })
  })

  test('what a column of PostgreSQL would change in silence is refused, by its type or value by value', async () => {
    const cases: readonly Case[] = [
      [
        'double precision',
        'BIGINT',
        ['9007199254740992', '-9223372036854775808'],
        ['9007199254740993', '9223372036854775807'],
      ],
      ['double precision', 'HUGEINT', ['1267650600228229401496703205376'], ['1267650600228229401496703205377']],
      ['double precision', 'UBIGINT', ['9223372036854775808'], ['18446744073709551615']],
      ['interval(0)', 'INTERVAL', [`'1 month 1 day 2 seconds'`], [`'1.6 seconds'`, `'-1 day 0.5 seconds'`]],
      ['interval', 'INTERVAL', [`'0.000001 seconds'`], []],
      ['timetz(0)', 'VARCHAR', [`'10:00:00+00'`], [`'10:00:00.6+00'`]],
      ['timetz', 'VARCHAR', [`'10:00:00.123456+00'`], [`'10:00:00.1234567+00'`]],
      ['timetz(3)', 'TIME WITH TIME ZONE', [`'10:00:00.123+00'`], [`'10:00:00.1234+00'`]],
    ]
    await withSession((session) =>
      lent.withDatabase(async (url) => {
        await onPostgres(url, tableOf(cases))
        await keptOrRefused(session, url, cases)
        await onPostgres(url, 'CREATE TABLE rounding (n name, m numeric(5,-2), i interval year to month)')
        const problems = await sinkOf(url, { table: 'rounding' }).check([
          { name: 'n', type: 'VARCHAR' },
          { name: 'm', type: 'INTEGER' },
          { name: 'i', type: 'INTERVAL' },
        ])
        expect(problems.map(({ message }) => message)).toEqual([
          'The column `n` of rounding is name, which does not hold VARCHAR.',
          'The column `m` of rounding is numeric(5,-2), which does not hold INTEGER.',
          'The column `i` of rounding is interval year to month, which does not hold INTERVAL.',
        ])
      }),
    )
  })

  test('what MySQL does not hold is refused in words, not changed', async () => {
    await withSession((session) =>
      lent.withDatabase((postgres) =>
        withDatabase(async (mysql) => {
          await onPostgres(
            postgres,
            `CREATE TABLE kept (id integer PRIMARY KEY, d date, f double precision); INSERT INTO kept VALUES (1, 'infinity', 1), (2, NULL, 'NaN'), (3, '0044-03-15 BC', NULL), (4, '2001-01-01', 0.1)`,
          )
          const copied = copyThroughParquet(
            session,
            sourceOf(postgres, { table: 'kept' }),
            sinkOf(mysql, { table: 'kept', createTable: true }),
          )
          await expect(copied).rejects.toThrow(/infinity.*nan.*0044/is)
          expect(await onServer(mysql, 'SELECT id FROM kept')).toEqual([{ id: 4 }])
        }),
      ),
    )
  })
})
