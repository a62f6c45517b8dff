import { describe, expect, test } from '@jest/globals'
import { aggregate } from '../../../operators/aggregate.js'
import type { Operator } from '../../../operators/operator.js'
import { runOperator } from '../../support/run-operator.js'
import { makeSales, overAnyCuts, rounded, useLab } from './lab.js'

const lab = useLab()
const operator = aggregate as unknown as Operator
const RECORDS = 300

/** What plain DuckDB gives over the whole, in the order in which groups first came. */
async function plainly(groupBy: readonly string[], aggregates: Readonly<Record<string, string>>, table = 'sales') {
  const keys = groupBy.map((key) => `"${key}"`)
  const items = [...keys, ...Object.entries(aggregates).map(([name, expression]) => `${expression} AS "${name}"`)].join(
    ', ',
  )
  const group = keys.length === 0 ? '' : ` GROUP BY ${keys.join(', ')}`
  const select = `SELECT ${items} FROM "${table}"${group}`
  return {
    schema: await lab.session.describe(select),
    rows: await lab.session.rows(`${select}${group && ' ORDER BY min(rowid)'}`),
  }
}

const PARTIAL = {
  records: 'count(*)', amounts: 'count(amount)', paid: 'count(*) FILTER (WHERE paid)', total: 'sum(amount)', grades: 'sum(grade)',
  bigs: 'sum(big)', weights: 'sum(weight)', least: 'min(amount)', most: 'max(city)', mean: 'avg(amount)', mean_big: 'avg(grade)',
  mean_weight: 'avg(weight) FILTER (WHERE paid)', all_paid: 'bool_and(paid)', any_paid: 'bool_or(paid)', bits: 'bit_or(grade)',
  bits_and: 'bit_and(big)', bits_xor: 'bit_xor(big)', first_day: 'min(day)', how_many: 'count_if(paid)',
  rate: 'round(100 * sum(grade) / count(*), 2)', both: "max(amount) - min(amount) + coalesce(sum(amount) FILTER (WHERE city = 'nowhere'), 0)",
} // biome-ignore format: a table

const WHOLE = {
  middle: 'median(amount)', cities: 'count(DISTINCT city)', text: "string_agg(id::VARCHAR, ',')", first: 'first(amount)', last: 'last(city)',
  best: 'arg_max(id, grade)', all: 'list(id ORDER BY grade DESC)', distinct: 'list(DISTINCT grade)', mode: 'mode(grade)', total: 'sum(amount)',
  spread: 'round(stddev(amount), 6)', top: 'max(id, 3)',
} // biome-ignore format: a table

/** The oracle needs the order spelled out where plain DuckDB leaves it to its threads. */
const WHOLE_IN_ORDER = {
  ...WHOLE, text: "string_agg(id::VARCHAR, ',' ORDER BY rowid)", first: 'first(amount ORDER BY rowid)', last: 'last(city ORDER BY rowid)',
  best: 'arg_max(id, grade ORDER BY rowid)', all: 'list(id ORDER BY grade DESC, rowid)', distinct: 'list(DISTINCT grade ORDER BY grade)',
  mode: 'mode(grade ORDER BY rowid)',
} // biome-ignore format: a table

describe('AGGREGATE gives what plain DuckDB gives over the whole', () => {
  test.each([
    ['two keys, partial results', ['city', 'grade'], PARTIAL, PARTIAL],
    ['no key, partial results', [], PARTIAL, PARTIAL],
    ['two keys, whole records', ['city', 'grade'], WHOLE, WHOLE_IN_ORDER],
    ['no key, whole records', [], WHOLE, WHOLE_IN_ORDER],
    ['a key only', ['city'], {}, {}],
    ['a key in the expression', ['grade'], { x: 'grade * count(*)' }, { x: 'grade * count(*)' }],
  ] as const)('%s, however the input is cut', async (_, groupBy, aggregates, oracle) => {
    await makeSales(lab.session, 'sales', RECORDS)
    const expected = await plainly(groupBy, oracle)
    await overAnyCuts(lab.session, operator, { groupBy, aggregates }, { input: 'sales' }, RECORDS, (run) => {
      expect(run.schema).toEqual(expected.schema)
      expect(rounded(run.rows)).toEqual(rounded(expected.rows))
      expect(run.counters).toEqual({
        in: RECORDS,
        out: expected.rows.length,
        passed: 0,
        filtered: 0,
        absorbed: RECORDS,
      })
    })
  })

  test.each([
    ['partial results', PARTIAL],
    ['whole records', WHOLE],
  ])('for no records at all: %s', async (_, aggregates) => {
    await makeSales(lab.session, 'empty', 0)
    const one = await runOperator(lab.session, { operator, config: { aggregates }, inputs: { input: 'empty' } })
    expect(one).toMatchObject(await plainly([], aggregates, 'empty'))
    const none = await runOperator(lab.session, {
      operator,
      config: { groupBy: ['city'], aggregates },
      inputs: { input: 'empty' },
    })
    expect(none.rows).toEqual([])
  })
})

test('many groups are merged on the way, without a loss', async () => {
  await lab.session.run('CREATE OR REPLACE TABLE many AS SELECT range % 60000 AS k, range AS x FROM range(300000)')
  const aggregates = { total: 'sum(x)', mean: 'avg(x)', first: 'min(x)', records: 'count(*)' }
  const expected = await plainly(['k'], aggregates, 'many')
  const cuts = [70_000, 140_000, 210_000, 299_999]
  for (const restore of [false, true]) {
    const run = await runOperator(lab.session, {
      operator,
      config: { groupBy: ['k'], aggregates },
      inputs: { input: 'many' },
      cuts,
      restore,
    })
    expect(run.rows).toEqual(expected.rows)
  }
})

test('sums beyond 64 bits survive a checkpoint exactly', async () => {
  await lab.session.run(
    'CREATE OR REPLACE TABLE huge AS SELECT 9223372036854775807::BIGINT AS x, 0.01::DECIMAL(18,2) AS y FROM range(6)',
  )
  const run = await runOperator(lab.session, {
    operator,
    config: { aggregates: { x: 'sum(x)', y: 'sum(y)' } },
    inputs: { input: 'huge' },
    cuts: [2, 4],
    restore: true,
  })
  expect(run.rows).toEqual([[55340232221128654842n, '0.06']])
})

test.each([
  [{ groupBy: ['citty'], aggregates: { n: 'count(*)' } }, 'sql.invalid', 'There is no column `citty` here.'],
  [{ groupBy: ['city'], aggregates: { City: 'count(*)' } }, 'sql.invalid', '`City` is a column of groupBy already.'],
  [{ aggregates: { n: 'sum(city)' } }, 'sql.invalid', expect.stringContaining('sum')],
  [{ aggregates: { n: 'sum(amuont)' } }, 'sql.invalid', expect.stringContaining('"amuont" not found')],
  [{ aggregates: {} }, 'sql.invalid', 'There is nothing to compute.'],
])('%j is refused in words', async (config, code, message) => {
  await makeSales(lab.session, 'sales', 3)
  const run = runOperator(lab.session, {
    operator,
    config,
    inputs: { input: 'sales' },
  })
  await expect(run).rejects.toMatchObject({ code, message })
})
