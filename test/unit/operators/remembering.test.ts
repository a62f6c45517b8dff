import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { deduplicate } from '../../../operators/deduplicate.js'
import { limit } from '../../../operators/limit.js'
import type { Operator } from '../../../operators/operator.js'
import { sort } from '../../../operators/sort.js'
import { sqlQuery } from '../../../operators/sql.js'
import { union } from '../../../operators/union.js'
import { runOperator } from '../../support/run-operator.js'
import { makeSales, overAnyCuts, useLab } from './lab.js'

const lab = useLab()
const RECORDS = 200
const operators = { deduplicate, limit, sort, sqlQuery, union } as unknown as Record<string, Operator>
const pick = (order: string) => `SELECT s.* FROM sales s JOIN
  (SELECT rowid AS place, row_number() OVER (PARTITION BY city, grade ORDER BY ${order}) AS number FROM sales) r
  ON s.rowid = r.place WHERE r.number = 1 ORDER BY s.rowid`

describe('an operator that remembers gives the same however its input is cut', () => {
  test.each([
    ['deduplicate', { key: ['city', 'grade'] }, pick('rowid'), 'FILTERS'],
    ['deduplicate', { key: ['City', 'grade'], keep: 'LAST' }, pick('rowid DESC'), 'ABSORBS'],
    [
      'deduplicate',
      { key: ['city', 'grade'], orderBy: [{ column: 'amount' }] },
      pick('amount NULLS LAST, rowid'),
      'ABSORBS',
    ],
    [
      'deduplicate',
      { key: ['city', 'grade'], keep: 'LAST', orderBy: [{ column: 'day' }, { column: 'paid', order: 'DESC' }] },
      pick('day DESC NULLS LAST, paid ASC NULLS LAST, rowid DESC'),
      'ABSORBS',
    ],
    [
      'sort',
      { by: [{ column: 'grade', order: 'DESC' }, { column: 'city' }] },
      'SELECT * FROM sales ORDER BY grade DESC NULLS LAST, city ASC NULLS LAST, rowid',
      'ABSORBS',
    ],
    ['limit', { count: 70 }, 'SELECT * FROM sales LIMIT 70', 'FILTERS'],
    ['limit', { count: 50, offset: 20 }, 'SELECT * FROM sales LIMIT 50 OFFSET 20', 'FILTERS'],
    ['limit', { count: 0 }, 'SELECT * FROM sales LIMIT 0', 'FILTERS'],
    ['limit', { count: 1000, offset: 150 }, 'SELECT * FROM sales OFFSET 150', 'FILTERS'],
    [
      'sqlQuery',
      { query: 'SELECT city, sum(amount) AS total FROM input GROUP BY city ORDER BY total DESC' },
      'SELECT city, sum(amount) AS total FROM sales GROUP BY city ORDER BY total DESC',
      'ABSORBS',
    ],
    [
      'sqlQuery',
      { query: 'SELECT id, amount * 2 AS twice FROM input WHERE grade = 1' },
      'SELECT id, amount * 2 AS twice FROM sales WHERE grade = 1',
      'ABSORBS',
    ],
    [
      'sqlQuery',
      { query: 'WITH a AS (SELECT city, count(*) AS n FROM input GROUP BY ALL) SELECT * FROM a' },
      'SELECT city, count(*) AS n FROM sales GROUP BY ALL ORDER BY ALL',
      'ABSORBS',
    ],
    [
      'sqlQuery',
      { query: 'SELECT id, lag(amount) OVER (ORDER BY id) AS before FROM input ORDER BY id' },
      'SELECT id, lag(amount) OVER (ORDER BY id) AS before FROM sales ORDER BY id',
      'ABSORBS',
    ],
  ] as const)('%s %j', async (name, config, oracle, accounting) => {
    await makeSales(lab.session, 'sales', RECORDS)
    const rows = await lab.session.rows(oracle)
    const schema = await lab.session.describe(oracle)
    await overAnyCuts(lab.session, operators[name]!, config, { input: 'sales' }, RECORDS, (run) => {
      expect(run.schema).toEqual(schema)
      expect(run.rows).toEqual(rows)
      const passed = accounting === 'FILTERS' ? rows.length : 0
      const absorbed = accounting === 'ABSORBS' ? RECORDS : 0
      expect(run.counters).toEqual({
        in: RECORDS,
        out: rows.length,
        passed,
        filtered: RECORDS - passed - absorbed,
        absorbed,
      })
    })
  })
})

test('DEDUPLICATE leaves a column alone that has the name of its own', async () => {
  await lab.session.run(
    'CREATE OR REPLACE TABLE places AS SELECT 1 AS k, range AS place, range AS "_Place" FROM range(3)',
  )
  const run = await runOperator(lab.session, {
    operator: operators.deduplicate!,
    config: { key: ['k'], keep: 'LAST' },
    inputs: { input: 'places' },
    cuts: [1, 2],
  })
  expect(run.rows).toEqual([[1, 2n, 2n]])
})

describe('operators with several inputs', () => {
  test('UNION by name fills what an input lacks, by position takes the first names', async () => {
    await lab.session.run('CREATE OR REPLACE TABLE a AS SELECT range AS x, 1 AS y FROM range(2)')
    await lab.session.run("CREATE OR REPLACE TABLE b AS SELECT 2.5::DECIMAL(3,1) AS y, 'z' AS z FROM range(1)")
    const byName = await runOperator(lab.session, {
      operator: operators.union!,
      config: {},
      inputs: { a: 'a', b: 'b' },
      cuts: [1],
    })
    expect(byName.schema.map(({ name }) => name)).toEqual(['x', 'y', 'z'])
    expect(byName.rows).toEqual([
      [0n, '1.0', null],
      [1n, '1.0', null],
      [null, '2.5', 'z'],
    ])
    expect(byName.counters).toEqual({ in: 3, out: 3, passed: 3, filtered: 0, absorbed: 0 })
    const position = { mode: 'BY_POSITION' }
    const byPosition = await runOperator(lab.session, {
      operator: operators.union!,
      config: position,
      inputs: { a: 'a', b: 'b' },
    })
    expect(byPosition.schema.map(({ name }) => name)).toEqual(['x', 'y'])
  })

  test('SQL joins its inputs by their names, in an order that does not depend on cuts', async () => {
    await makeSales(lab.session, 'sales', RECORDS)
    await lab.session.run(
      "CREATE OR REPLACE TABLE cities AS SELECT 'city ' || range AS city, range AS size FROM range(5)",
    )
    const query = 'SELECT s.id, c.size FROM "the sales" s JOIN cities c USING (city)'
    const expected = await lab.session.rows('SELECT s.id, c.size FROM sales s JOIN cities c USING (city) ORDER BY ALL')
    await overAnyCuts(
      lab.session,
      operators.sqlQuery!,
      { query },
      { 'the sales': 'sales', cities: 'cities' },
      RECORDS,
      (run) => {
        expect(run.rows).toEqual(expected)
        expect(run.counters).toMatchObject({ in: RECORDS + 5, absorbed: RECORDS + 5, out: expected.length })
      },
    )
  })

  test('SQL sees nothing but its inputs', async () => {
    await makeSales(lab.session, 'sales', 3)
    const run = runOperator(lab.session, {
      operator: operators.sqlQuery!,
      config: { query: 'SELECT * FROM sales' },
      inputs: { input: 'sales' },
    })
    await expect(run).rejects.toMatchObject({
      code: 'sql.refused',
      message: 'The table `sales` is not allowed here.',
      hint: 'Readable here: input.',
    })
  })
})

test('LIMIT passes the same records for any count, offset and cuts', async () => {
  await makeSales(lab.session, 'sales', 40)
  const setting = fc.record({ count: fc.nat(50), offset: fc.nat(50), cuts: fc.array(fc.nat(40), { maxLength: 6 }) })
  await fc.assert(
    fc.asyncProperty(setting, async ({ count, offset, cuts }) => {
      const run = await runOperator(lab.session, {
        operator: operators.limit!,
        config: { count, offset },
        inputs: { input: 'sales' },
        cuts,
      })
      expect(run.rows.map(([id]) => id)).toEqual(
        Array.from({ length: 40 }, (_, id) => BigInt(id)).slice(offset, offset + count),
      )
    }),
    { numRuns: 25 },
  )
})
