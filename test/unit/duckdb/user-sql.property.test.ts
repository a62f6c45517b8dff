import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { beforeAll, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { checkUserSql } from '../../../duckdb/user-sql.js'

let connection: DuckDBConnection

beforeAll(async () => {
  connection = await (await DuckDBInstance.create(':memory:', { threads: '1' })).connect()
  await connection.run("CREATE TABLE input AS SELECT 1 AS a, 'x' AS b, [1, 2] AS l, true AS c, DATE '2026-01-01' AS d")
})

/** Pieces that are harmless alone and dangerous together. */
const pieces = fc.constantFrom(
  'a', 'b', 'l', '1', "'x'", '"a"', '(', ')', ',', '+', '||', '=', 'AND', 'OR', 'NOT', 'CASE WHEN', 'THEN', 'ELSE', 'END',
  'FROM input', "FROM 'x.csv'", 'SELECT', '(SELECT 1)', 'WHERE', 'UNION', 'AS x', '--', '/*', '*/', '\n', ';', '$$', "'", '"', '*', '::INT',
  'lower(', 'sum(', 'random()', 'now()', 'read_text(', 'unnest(', 'x ->', 'lambda x:', '[', ']', '{', '}', ':', 'OVER ()', 'IN', 'LIKE',
  'BETWEEN', 'IS NULL', 'left.a', 'COLUMNS(', 'INTERVAL 1 DAY', '$1', '#1', 'LIMIT 1', 'ORDER BY a', 'GROUP BY ALL', 'WITH q AS', 'VALUES (1)',
) // biome-ignore format: a bag of words

const texts = fc.array(pieces, { minLength: 1, maxLength: 7 }).map((words) => words.join(' '))

test('whatever is accepted stays one value over the input when it is wrapped as operators wrap it', async () => {
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(texts, fc.constantFrom('VALUE', 'CONDITION', 'AGGREGATE'), async (text, kind) => {
      const sql = await checkUserSql(kind, text, { now: null }).catch((error) => {
        expect(error).toMatchObject({ name: 'JobError', code: expect.stringMatching(/^sql\./) })
        return null
      })
      if (sql === null) return
      accepted++
      const tree = await treeOf(`SELECT (${sql}) AS "result" FROM input WHERE (${sql})`)
      expect(tree).toMatchObject({
        type: 'SELECT_NODE',
        from_table: { type: 'BASE_TABLE', table_name: 'input' },
        modifiers: [],
        group_expressions: [],
      })
      expect(tree.select_list).toHaveLength(1)
      expect(tree.select_list[0].alias).toBe('result')
      expect(JSON.stringify(tree).match(/"BASE_TABLE"|"TABLE_FUNCTION"|"SUBQUERY"/g)).toEqual(['"BASE_TABLE"'])
    }),
    { numRuns: 1500 },
  )
  expect(accepted).toBeGreaterThan(20)
})

const queries = fc
  .tuple(texts, texts, texts)
  .map(([items, from, where]) => `SELECT ${items} FROM ${from} WHERE ${where}`)
  .chain((query) => fc.constantFrom(query, `WITH q AS (SELECT * FROM input) ${query}`, query.replace(/ WHERE.*$/s, '')))

test('an accepted query reads nothing but its inputs, as DuckDB itself sees it', async () => {
  const simple = fc.constantFrom(
    'input',
    'q',
    "'x.csv'",
    'input, q',
    'other',
    '(SELECT * FROM input)',
    "(SELECT * FROM 'x.csv')",
    'range(3)',
    'duckdb_tables()',
    'main.input',
  )
  const joined = fc
    .tuple(simple, simple)
    .map(([a, b]) => `WITH q AS (SELECT * FROM input) SELECT a FROM ${a}, ${b} AS z`)
  let accepted = 0
  await fc.assert(
    fc.asyncProperty(fc.oneof(queries, joined), async (text) => {
      const sql = await checkUserSql('QUERY', text, { now: null, tables: ['input'] }).catch(() => null)
      if (sql === null) return
      accepted++
      const read = connection.getTableNames(`SELECT * FROM (${sql})`, false)
      expect(read.filter((name) => name !== 'input')).toEqual([])
      // A quoted name may be any text, and reads nothing.
      expect(sql.replaceAll(/"[^"]*\s[^"]*"/g, '""')).not.toMatch(/x\.csv|duckdb_tables/)
    }),
    { numRuns: 600 },
  )
  expect(accepted).toBeGreaterThan(20)
})

test('what is accepted computes what the text computes', async () => {
  const atoms = fc.constantFrom(
    'a',
    '2',
    '-3',
    '1.50',
    'length(b)',
    'l[1]',
    'CASE WHEN c THEN 1 ELSE 2 END',
    'list_sum(list_transform(l, x -> x * a))',
    'year(d)',
    '9007199254740993',
    '1e3',
  )
  const tree = fc.letrec<{ e: string }>((tie) => ({
    e: fc.oneof(
      { maxDepth: 4 },
      atoms,
      fc
        .tuple(tie('e'), fc.constantFrom('+', '-', '*', '%', '<', '=', '<>'), tie('e'))
        .map(([x, op, y]) => `(${x} ${op} ${y})`),
      fc.tuple(tie('e'), tie('e')).map(([x, y]) => `greatest(${x}, ${y})`),
      tie('e').map((x) => `coalesce(NULL, ${x})`),
    ),
  })).e
  await fc.assert(
    fc.asyncProperty(tree, async (text) => {
      const sql = await checkUserSql('VALUE', text, { now: null })
      expect(await evaluate(sql)).toEqual(await evaluate(text))
    }),
    { numRuns: 150 },
  )
})

async function treeOf(sql: string) {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [sql])
  const { statements } = JSON.parse(String(reader.getRows()[0]![0]))
  expect(statements).toHaveLength(1)
  return statements[0].node
}

async function evaluate(expression: string): Promise<unknown> {
  try {
    const reader = await connection.runAndReadAll(`SELECT (${expression})::VARCHAR, typeof((${expression})) FROM input`)
    return reader.getRowsJson()
  } catch (error) {
    return String((error as { message: string }).message).split(/[\n:]/)[0]
  }
}
