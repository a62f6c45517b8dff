import { describe, expect, test } from '@jest/globals'
import { referencedColumns, splitAggregates } from '../../../duckdb/aggregates.js'
import type { UserSqlKind } from '../../../duckdb/check-tree.js'
import { checkUserSql } from '../../../duckdb/user-sql.js'

const NOW = '2026-01-31T10:20:30.456Z'
const check = (kind: UserSqlKind, text: string) => checkUserSql(kind, text, { now: NOW, tables: ['input', 'other'] })

describe('an expression comes back as SQL that means the same', () => {
  test.each([
    ['VALUE', 'a+1', '(a + 1)'],
    ['VALUE', 'a /* half */ / 2 -- of it', '(a / 2)'],
    ['VALUE', '9007199254740993 + 1.50', '(9007199254740993 + 1.50)'],
    ['VALUE', '123456789012345678901234567890', '123456789012345678901234567890'],
    ['VALUE', "'it''s' || \"we ird\"", "('it''s' || \"we ird\")"],
    ['VALUE', '\'left.x\' || left.x || RIGHT . "y z"', `(('left.x' || "left".x) || "right"."y z")`],
    ['VALUE', 'name.upper().trim()', '"trim"(upper("name"))'],
    ['VALUE', "payload->>'$.id'", "(payload ->> '$.id')"],
    ['VALUE', 'CASE WHEN a THEN 1 END', 'CASE  WHEN (a) THEN (1) ELSE NULL END'],
    ['VALUE', 'TRY_CAST(a AS DECIMAL(18,2))', 'TRY_CAST(a AS DECIMAL(18,2))'],
    ['VALUE', 'list_transform(l, lambda x: x * 2)', 'list_transform(l, (x -> (x * 2)))'],
    ['VALUE', "list_aggregate(l, 'sum')", "list_aggregate(l, 'sum')"],
    ['CONDITION', "city IN ('a', 'b') AND NOT paid", "((city IN ('a', 'b')) AND (NOT paid))"],
    ['AGGREGATE', 'sum(a) FILTER (WHERE b) / count(*)', '(sum(a) FILTER (WHERE b) / count_star())'],
    ['AGGREGATE', 'string_agg(DISTINCT x ORDER BY x)', 'string_agg(DISTINCT x ORDER BY x)'],
  ] as const)('%s %s', async (kind, text, expected) => {
    expect(await check(kind, text)).toBe(expected)
  })
})

describe('the clock is the time of the plan', () => {
  const STAMP = "CAST('2026-01-31 10:20:30.456+00' AS TIMESTAMP WITH TIME ZONE)"
  test.each([
    ['now()', STAMP],
    ['CURRENT_TIMESTAMP', STAMP],
    ['get_current_timestamp()', STAMP],
    ['transaction_timestamp()', STAMP],
    ['current_date', "CAST('2026-01-31' AS DATE)"],
    ['today()', "CAST('2026-01-31' AS DATE)"],
    ['localtimestamp', "CAST('2026-01-31 10:20:30.456' AS TIMESTAMP)"],
    ['current_localtimestamp()', "CAST('2026-01-31 10:20:30.456' AS TIMESTAMP)"],
    ['localtime', "CAST('10:20:30.456' AS TIME)"],
    ['current_time', "CAST('10:20:30.456+00' AS TIME WITH TIME ZONE)"],
    ['born < now() - INTERVAL 1 DAY', `(born < (${STAMP} - to_days(CAST(trunc(CAST(1 AS DOUBLE)) AS INTEGER))))`],
    ['age(born)', "age(CAST('2026-01-31 00:00:00' AS TIMESTAMP), born)"],
    ['list_transform(l, x -> x + epoch(now()))', `list_transform(l, (x -> (x + epoch(${STAMP}))))`],
  ])('%s', async (text, expected) => {
    expect(await check('VALUE', text)).toBe(expected)
  })

  test('in a query too, where columns keep names that do not change from epoch to epoch', async () => {
    const query = await check('QUERY', 'SELECT now(), current_date + 1, today() AS d FROM input WHERE born < now()')
    expect(query).toMatch(/AS now,.*AS column2,.*AS d FROM "?input"? WHERE \(born < CAST\('2026-01-31/)
    expect(await checkUserSql('VALUE', 'now()', { now: null })).toMatch(/^CAST\('.*' AS TIMESTAMP WITH TIME ZONE\)$/)
  })
})

describe('a query may do what stays within its inputs', () => {
  test.each([
    'SELECT * FROM input',
    'SELECT i.id, o.x FROM input i LEFT JOIN other o USING (id) WHERE i.a > 1 ORDER BY 1 LIMIT 3',
    'WITH a AS (SELECT * FROM input), b AS (SELECT * FROM a) SELECT count(*) FROM a, b',
    'WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT * FROM t',
    'SELECT city, sum(x) OVER (PARTITION BY city ORDER BY day ROWS 2 PRECEDING), row_number() OVER () FROM INPUT',
    'SELECT * EXCLUDE (a) REPLACE (b + 1 AS b) FROM input UNION ALL BY NAME SELECT * FROM other',
    'SELECT unnest(tags) FROM input',
    'SELECT * FROM input, unnest(tags) AS u(tag), range(3), generate_series(1, 2)',
    'SELECT (SELECT max(x) FROM other) - x FROM input WHERE EXISTS (SELECT 1 FROM other o WHERE o.id = input.id)',
    'SELECT city, count(*) FROM input GROUP BY GROUPING SETS ((city), ()) HAVING count(*) > 1 QUALIFY true',
    'FROM input PIVOT (sum(x) FOR y IN (1, 2))',
    "SELECT COLUMNS('a.*') FROM input",
    'SELECT * FROM (VALUES (1), (2)) v(x)',
  ])('%s', async (query) => {
    await expect(check('QUERY', query)).resolves.toMatch(/SELECT|WITH/)
  })
})

/** Everything here reads, writes, tells or does something that user SQL must not. */
const ATTACKS: readonly (readonly [UserSqlKind, string, string?])[] = [
  // files
  ['VALUE', "read_text('/etc/passwd')"],
  ['QUERY', "SELECT * FROM read_csv('/etc/passwd')", 'Read files with a source node.'],
  ['QUERY', "SELECT * FROM read_text('/etc/passwd')"],
  ['QUERY', "SELECT * FROM read_blob('/etc/passwd')"],
  ['QUERY', "SELECT * FROM read_parquet('x')"],
  ['QUERY', "SELECT * FROM parquet_metadata('x')"],
  ['QUERY', "SELECT * FROM glob('/**')"],
  ['QUERY', "SELECT * FROM sniff_csv('x')"],
  ['QUERY', "SELECT * FROM '/etc/passwd'"],
  ['QUERY', 'SELECT * FROM "data.csv"'],
  ['QUERY', "SELECT * FROM 'https://example.com/x.parquet'"],
  ['QUERY', 'SELECT * FROM input JOIN "x.csv" USING (id)'],
  ['QUERY', "SELECT * FROM input WHERE id IN (SELECT id FROM 'x.csv')"],
  ['QUERY', "SELECT * FROM input ORDER BY (SELECT a FROM 'x.csv')"],
  ['QUERY', "SELECT * FROM range((SELECT count(*) FROM 'x.csv')::INT)"],
  ['QUERY', "SELECT sum(x) FILTER (WHERE EXISTS (FROM 'x.csv')) FROM input"],
  ['QUERY', "SELECT sum(x) OVER (PARTITION BY (SELECT a FROM 'x.csv')) FROM input"],
  ['QUERY', "SELECT * REPLACE ((SELECT a FROM 'x.csv') AS a) FROM input"],
  ['QUERY', "SELECT * FROM input LIMIT (SELECT count(*) FROM 'x.csv')"],
  ['QUERY', "SELECT list(x ORDER BY (SELECT a FROM 'x.csv')) FROM input"],
  ['QUERY', "SELECT * FROM (VALUES ((SELECT a FROM 'x.csv'))) v"],
  ['QUERY', "FROM input PIVOT (sum((SELECT a FROM 'x.csv')) FOR y IN (1))"],
  ['QUERY', "SELECT * FROM input ASOF JOIN 'x.csv' c ON input.a >= c.a"],
  ['QUERY', "SELECT * FROM input, LATERAL (SELECT * FROM 'x.csv')"],
  ['QUERY', 'SELECT * FROM (WITH "x.csv" AS (SELECT 1) SELECT * FROM "x.csv") a, "x.csv" b'],
  ['QUERY', 'WITH "x.csv" AS (SELECT * FROM "x.csv") SELECT * FROM "x.csv"'],
  ['QUERY', 'WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a'],
  ['QUERY', 'WITH RECURSIVE t AS (SELECT * FROM t UNION ALL SELECT 1) SELECT * FROM t'],
  ['QUERY', '(WITH a AS (SELECT 1) SELECT * FROM a) UNION ALL SELECT * FROM a'],
  ['QUERY', "COPY input TO '/tmp/x'"],
  ['QUERY', "COPY (SELECT 1) TO '/tmp/x'"],
  ['QUERY', "EXPORT DATABASE '/tmp/x'"],
  ['QUERY', "ATTACH '/tmp/x.db'"],
  ['QUERY', 'INSTALL httpfs'],
  ['QUERY', "LOAD '/tmp/x.so'"],
  // settings, environment, session
  ['QUERY', 'SET threads = 1'],
  ['QUERY', 'RESET threads'],
  ['QUERY', 'PRAGMA database_list'],
  ['QUERY', 'CALL pragma_version()'],
  ['QUERY', 'SELECT * FROM pragma_version()'],
  ['QUERY', 'SHOW TABLES'],
  ['QUERY', 'DESCRIBE input'],
  ['QUERY', 'SUMMARIZE input'],
  ['QUERY', 'SELECT * FROM (SHOW TABLES)'],
  ['QUERY', 'SELECT * FROM (DESCRIBE other_table)'],
  ['QUERY', 'EXPLAIN SELECT 1'],
  ['VALUE', "current_setting('temp_directory')", 'Declare a parameter'],
  ['VALUE', "getenv('HOME')"],
  ['VALUE', "getvariable('x')"],
  ['VALUE', 'version()'],
  ['VALUE', 'current_query()'],
  ['VALUE', 'current_database()'],
  ['VALUE', 'pg_typeof(a)'],
  ['VALUE', 'txid_current()'],
  ['VALUE', "in_search_path('a', 'b')"],
  ['VALUE', "write_log('x')"],
  // catalogues
  ['QUERY', 'SELECT * FROM duckdb_secrets()'],
  ['QUERY', 'SELECT * FROM duckdb_databases()'],
  ['QUERY', 'SELECT * FROM duckdb_settings()'],
  ['QUERY', 'SELECT * FROM duckdb_tables'],
  ['QUERY', "SELECT * FROM which_secret('a', 'b')"],
  ['QUERY', 'SELECT * FROM information_schema.tables'],
  ['QUERY', 'SELECT * FROM pg_catalog.pg_tables'],
  ['QUERY', 'SELECT * FROM pg_tables'],
  ['QUERY', 'SELECT * FROM sqlite_master'],
  ['QUERY', 'SELECT * FROM main.input'],
  ['QUERY', 'SELECT * FROM memory.main.input'],
  ['QUERY', 'SELECT * FROM "state node groups"'],
  // SQL within SQL
  ['QUERY', "SELECT * FROM query('SELECT 1')"],
  ['QUERY', "SELECT * FROM query_table('input')"],
  ['QUERY', "SELECT * FROM json_execute_serialized_sql('{}')"],
  ['QUERY', "SELECT * FROM sql_auto_complete('SEL')"],
  ['VALUE', "json_serialize_sql('SELECT 1')"],
  ['VALUE', "json_deserialize_sql('{}')"],
  ['QUERY', 'CREATE MACRO f(x) AS x'],
  ['QUERY', 'CREATE TABLE t AS SELECT 1'],
  ['QUERY', 'PREPARE p AS SELECT 1'],
  ['QUERY', 'DROP TABLE input'],
  ['QUERY', 'DELETE FROM input'],
  ['QUERY', 'INSERT INTO input SELECT 1'],
  ['QUERY', 'WITH a AS (DELETE FROM input RETURNING *) SELECT * FROM a'],
  // several statements, and ways out of the wrapper
  ['QUERY', 'SELECT 1; SELECT 2'],
  ['QUERY', 'SELECT 1; DROP TABLE input'],
  ['QUERY', "SELECT 1; --\nATTACH 'x'"],
  ['VALUE', '1; SELECT 2'],
  ['VALUE', '1) FROM x --'],
  ['VALUE', '1) FROM (SELECT 2'],
  ['VALUE', "1) FROM (SELECT * FROM 'x.csv'"],
  ['VALUE', '1), (2'],
  ['VALUE', '1) + (2'],
  ['VALUE', '1) AS x, (2'],
  ['VALUE', '1) UNION (SELECT 2'],
  ['VALUE', '1) WHERE (true'],
  ['VALUE', '1 /*'],
  ['VALUE', '1 */ 2'],
  ['VALUE', "a || '"],
  ['VALUE', 'a || "'],
  ['VALUE', '$$'],
  ['VALUE', "E'\\\\') FROM x --'"],
  ['VALUE', '1\0) FROM x'],
  ['VALUE', "E'\\x00{}'"],
  ['VALUE', "E'\\u0000{}'"],
  ['VALUE', 'a, b'],
  ['VALUE', 'a AS b'],
  ['VALUE', 'a b'],
  ['VALUE', 'b: a'],
  ['VALUE', 'a FROM input'],
  ['VALUE', 'a WHERE b'],
  ['VALUE', 'a ORDER BY b'],
  ['VALUE', 'a LIMIT 1'],
  ['VALUE', 'a GROUP BY ALL'],
  ['VALUE', 'a USING SAMPLE 1'],
  ['VALUE', 'a QUALIFY b'],
  ['VALUE', 'DISTINCT a'],
  ['VALUE', 'a UNION SELECT 1'],
  ['VALUE', '*'],
  ['VALUE', 'input.*'],
  ['VALUE', 'COLUMNS(*)'],
  ['VALUE', "COLUMNS('a')"],
  ['VALUE', '*COLUMNS(*)'],
  ['VALUE', '(SELECT 1)'],
  ['VALUE', 'EXISTS (SELECT 1)'],
  ['CONDITION', 'a IN (SELECT 1)'],
  ['CONDITION', "a = ANY (SELECT b FROM 'x.csv')"],
  ['VALUE', "ARRAY(SELECT b FROM 'x.csv')"],
  ['VALUE', "list_transform(l, x -> (SELECT b FROM 'x.csv'))"],
  ['VALUE', "[(SELECT b FROM 'x.csv') FOR x IN l]"],
  ['VALUE', "CASE WHEN true THEN (SELECT b FROM 'x.csv') END"],
  ['VALUE', 'TABLE input'],
  // parameters and positions
  ['VALUE', '$1'],
  ['VALUE', '?'],
  ['VALUE', '$name'],
  ['QUERY', 'SELECT * FROM input WHERE a = $1'],
  ['VALUE', '#1'],
  ['VALUE', 'DEFAULT'],
  ['VALUE', 'rowid', 'Give the column another name'],
  ['VALUE', 'a + input."ROWID"'],
  ['QUERY', 'SELECT rowid FROM input'],
  // not a function of the records
  ['VALUE', 'random()', 'Use a hash of a key'],
  ['VALUE', 'RANDOM()'],
  ['VALUE', '"random"()'],
  ['VALUE', 'main.random()'],
  ['VALUE', 'system.main.random()'],
  ['VALUE', 'a.random()'],
  ['VALUE', 'uuid()'],
  ['VALUE', 'gen_random_uuid()'],
  ['VALUE', 'uuidv7()'],
  ['VALUE', 'setseed(0.5)'],
  ['VALUE', "nextval('s')"],
  ['VALUE', "currval('s')"],
  ['VALUE', 'ago(INTERVAL 1 DAY)'],
  ['VALUE', "list_aggregate(l, 'reservoir_quantile', 0.5)"],
  ['VALUE', 'list_aggregate(l, name)'],
  ['VALUE', "array_aggr(l, 'approx_top_k', 3)"],
  ['AGGREGATE', 'approx_quantile(a, 0.5)', 'quantile_cont'],
  ['AGGREGATE', 'reservoir_quantile(a, 0.5)'],
  ['QUERY', 'SELECT * FROM input TABLESAMPLE 10%'],
  ['QUERY', 'SELECT * FROM input USING SAMPLE 3'],
  ['VALUE', 'sum(a)', 'AGGREGATE'],
  ['CONDITION', 'a > avg(a)', 'AGGREGATE'],
  ['VALUE', 'unnest(l)', 'FLATMAP'],
  ['VALUE', 'generate_subscripts(l, 1)'],
  ['VALUE', "regexp_split_to_table(a, ',')"],
  ['VALUE', 'row_number() OVER ()', 'operator SQL'],
  ['VALUE', 'row_number()', 'OVER'],
  ['AGGREGATE', 'sum(sum(a)) OVER ()'],
  ['AGGREGATE', 'sum(a) EXPORT_STATE'],
  ['VALUE', "error('x')"],
  ['VALUE', 'sleep_ms(1000)'],
  ['VALUE', 'pg_sleep(1)'],
  ['VALUE', 'no_such_function(a)'],
  ['VALUE', 'a::main.kind'],
]

describe('what leads out of the inputs is refused', () => {
  // Jest takes a parameter without a value for its callback.
  test.each(ATTACKS.map(([kind, text, hint = '']) => [kind, text, hint] as const))(
    '%s %j',
    async (kind, text, hint) => {
      const refusal = await check(kind, text).then(
        (accepted) => ({ accepted }),
        (error) => error,
      )
      expect(refusal).toMatchObject({ name: 'JobError', code: expect.stringMatching(/^sql\.(refused|invalid)$/) })
      if (hint !== '') expect(refusal.hint).toContain(hint)
    },
  )

  test('naming the function or table, and what to do instead', async () => {
    await expect(check('VALUE', "read_csv('x')")).rejects.toMatchObject({
      code: 'sql.refused',
      message: 'The function `read_csv` is not allowed here.',
      hint: 'Read files with a source node.',
    })
    await expect(check('QUERY', 'SELECT * FROM inptu')).rejects.toMatchObject({
      message: 'The table `inptu` is not allowed here.',
      hint: 'Did you mean `input`?',
    })
    await expect(check('VALUE', 'uper(a)')).rejects.toMatchObject({
      code: 'sql.invalid',
      message: 'There is no function `uper`.',
      hint: 'Did you mean `upper`?',
    })
    await expect(check('VALUE', 'a +')).rejects.toMatchObject({
      code: 'sql.invalid',
      message: expect.stringContaining('syntax error'),
    })
  })
})

test('aggregates are taken apart, with source order where it matters', async () => {
  expect(await splitAggregates('sum(a) FILTER (WHERE b > 0) / count(*) + last(c)', 'p')).toEqual({
    outer: '((p0 / p1) + p2)',
    aggregates: [
      {
        column: 'p0',
        name: 'sum',
        call: 'sum(a) FILTER (WHERE (b > 0))',
        argument: 'a',
        filter: '(b > 0)',
        simple: true,
      },
      { column: 'p1', name: 'count_star', call: 'count_star()', argument: null, filter: null, simple: true },
      { column: 'p2', name: 'last', call: '"last"(c)', argument: 'c', filter: null, simple: true },
    ],
    inSourceOrder: '((sum(a) FILTER (WHERE (b > 0)) / count_star()) + "last"(c ORDER BY rowid ASC NULLS LAST))',
    columns: ['a', 'b', 'c'],
  })
  expect(await referencedColumns('a.b + "C d" * lower(e)')).toEqual(['a', 'C d', 'e'])
})
