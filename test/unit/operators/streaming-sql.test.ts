import { describe, expect, test } from '@jest/globals'
import type { JobError } from '../../../core/errors/job-error.js'
import { checkUserSql } from '../../../duckdb/user-sql.js'
import type { Compiled, Input } from '../../../operators/operator.js'
import { sqlQuery } from '../../../operators/sql.js'
import { makeSales, useLab } from './lab.js'

const lab = useLab()
const COLUMNS = ['id', 'city', 'grade', 'amount', 'weight', 'big', 'paid', 'day', 'tags']
const schema = COLUMNS.map((name) => ({ name, type: 'VARCHAR' }))
const input: Input = { port: 'sales', table: '"batch"', schema, time: null, met: null }

async function compiled(text: string, inputs: readonly Input[] = [input]): Promise<Compiled> {
  const query = await checkUserSql('QUERY', text, {
    now: '2026-01-31T10:00:00.000Z',
    tables: ['input', 'sales', 'other'],
  })
  return await sqlQuery.compile({ query }, inputs, { nodeId: 'q', mode: 'STREAMING', at: '2026-01-31T10:00:00.000Z' })
}

describe('a query over each record by itself gives, batch by batch, what it gives over the whole', () => {
  test.each([
    ['SELECT * FROM input', 'FILTERS'],
    ['FROM sales', 'FILTERS'],
    ['SELECT id, upper(city) AS city FROM input WHERE amount > 0 AND NOT coalesce(paid, false)', 'FILTERS'],
    ['SELECT * EXCLUDE (tags), list_sum(tags) AS total FROM input', 'FILTERS'],
    ['SELECT id, unnest(tags) AS tag FROM input', 'FANS_OUT'],
    ["SELECT s.id, s.amount * 2 AS double FROM input AS s WHERE s.city IN ('city 1', 'city 2')", 'FILTERS'],
    [
      'WITH paid AS (SELECT * FROM input WHERE paid), named AS (SELECT id, city FROM paid) SELECT city, id FROM named',
      'FILTERS',
    ],
    ['SELECT tag + 1 AS next FROM (SELECT unnest(tags) AS tag FROM input WHERE grade > 0) WHERE tag < 2', 'FANS_OUT'],
    ['SELECT id, CASE WHEN day < now() THEN list_max(tags) END AS most FROM sales', 'FILTERS'],
    ['SELECT id, max(grade, 1) FROM input', null],
    ["SELECT COLUMNS(c -> c LIKE '%a%') FROM input", 'FILTERS'],
    ["SELECT list_aggregate(tags, 'max') AS most FROM input", 'FILTERS'],
  ])('%s', async (query, accounting) => {
    if (accounting === null) return await expect(compiled(query)).rejects.toMatchObject({ code: 'sql.refused' })
    const { each, accounting: counted } = await compiled(query)
    expect(counted).toBe(accounting)
    await makeSales(lab.session, 'sales', 60)
    const over = async (where: string) => {
      await lab.session.run(
        `CREATE OR REPLACE TABLE "batch" AS SELECT *, 1 AS "watermark met" FROM sales WHERE ${where}`,
      )
      return await lab.session.rows(each!)
    }
    const parts = [...(await over('id < 17')), ...(await over('id >= 17 AND id < 18')), ...(await over('id >= 18'))]
    const whole = await over('true')
    expect(parts).toEqual(whole)
    expect(whole.length).toBeGreaterThan(0)
    expect((await lab.session.describe(each!)).map(({ name }) => name)).not.toContain('watermark met')
  })
})

describe('a query that needs more is refused, and the operator named that does it', () => {
  test.each([
    ['SELECT count(*) FROM input', 'The aggregate `count`', 'AGGREGATE'],
    ['SELECT sum(amount) FILTER (WHERE paid) FROM input', 'The aggregate `sum`', 'AGGREGATE'],
    ['SELECT city FROM input GROUP BY city', 'Grouping', 'AGGREGATE'],
    ['SELECT city FROM input GROUP BY ALL', 'Grouping', 'AGGREGATE'],
    ['SELECT city, max(day) FROM input GROUP BY ROLLUP (city)', 'Grouping', 'AGGREGATE'],
    ['SELECT 1 FROM input HAVING true', 'Grouping', 'AGGREGATE'],
    ['SELECT row_number() OVER () FROM input', 'A window function', 'WINDOW'],
    ['SELECT sum(amount) OVER (PARTITION BY city) FROM input', 'A window function', 'WINDOW'],
    ['SELECT * FROM input QUALIFY row_number() OVER (PARTITION BY city) = 1', 'A window function', 'WINDOW'],
    ['SELECT DISTINCT city FROM input', 'DISTINCT', 'DEDUPLICATE'],
    ['SELECT DISTINCT ON (city) city, id FROM input', 'DISTINCT', 'DEDUPLICATE'],
    ['SELECT * FROM input ORDER BY id', 'ORDER BY', 'order in which they come'],
    ['SELECT * FROM input LIMIT 3', 'LIMIT or OFFSET', 'WHERE'],
    ['SELECT * FROM input OFFSET 3', 'LIMIT or OFFSET', 'WHERE'],
    ['SELECT a.id FROM input a JOIN input b ON a.id = b.id', 'A join', 'JOIN'],
    ['SELECT * FROM input, (VALUES (1))', 'A join', 'JOIN'],
    ['SELECT * FROM input a POSITIONAL JOIN input b', 'A join', 'JOIN'],
    ['SELECT id, tag FROM input, unnest(tags) AS t(tag)', 'A join', 'FLATMAP'],
    ['SELECT * FROM input WHERE id IN (SELECT max(id) FROM input)', 'A subquery in an expression', 'JOIN'],
    ['SELECT (SELECT count(*) FROM input) FROM input', 'A subquery in an expression', 'JOIN'],
    ['SELECT * FROM input WHERE EXISTS (SELECT 1 FROM input)', 'A subquery in an expression', 'JOIN'],
    ['SELECT * FROM input UNION ALL SELECT * FROM input', 'UNION, EXCEPT or INTERSECT', 'UNION'],
    ['SELECT 1', 'A query that reads no input', 'input'],
    ['VALUES (1), (2)', 'A query that reads no input', 'input'],
    ['SELECT * FROM range(3)', 'A query that reads no input', 'input'],
    ['WITH t AS (SELECT city, count(*) AS n FROM input GROUP BY city) SELECT * FROM t', 'Grouping', 'AGGREGATE'],
    ['SELECT n FROM (SELECT count(*) AS n FROM input)', 'The aggregate `count`', 'AGGREGATE'],
    ['SELECT n FROM (SELECT id AS n FROM input ORDER BY id)', 'ORDER BY', 'order in which they come'],
    [
      'WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 3) SELECT * FROM t',
      'A recursive query',
      'FLATMAP',
    ],
    ['UNPIVOT input ON id, grade INTO NAME n VALUE v', 'PIVOT', 'FLATMAP'],
    ['SELECT array_agg(id) FROM input', 'The aggregate `array_agg`', 'AGGREGATE'],
    ['SELECT list(id ORDER BY id) FROM input', 'The aggregate `list`', 'AGGREGATE'],
  ])('%s', async (query, what, hint) => {
    const error = await compiled(query).then(
      () => null,
      (refusal: JobError) => refusal,
    )
    expect(error).toMatchObject({ code: 'sql.refused', message: expect.stringContaining(`${what} needs more`) })
    expect(error?.hint).toContain(hint)
  })

  test('two inputs', async () => {
    const other = { ...input, port: 'other', table: '"other"' }
    await expect(compiled('SELECT * FROM sales', [input, other])).rejects.toMatchObject({
      code: 'sql.refused',
      hint: expect.stringContaining('JOIN'),
    })
  })
})
