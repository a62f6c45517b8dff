import { describe, expect, test } from '@jest/globals'
import { filter } from '../../../operators/filter.js'
import { flatmap } from '../../../operators/flatmap.js'
import { map } from '../../../operators/map.js'
import type { Operator } from '../../../operators/operator.js'
import { runOperator } from '../../support/run-operator.js'
import { makeSales, overAnyCuts, useLab } from './lab.js'

const lab = useLab()
const RECORDS = 200
const operators = { filter, map, flatmap } as unknown as Record<'filter' | 'map' | 'flatmap', Operator>

describe('an operator that looks at one record gives what its SQL gives over the whole', () => {
  test.each([
    [
      'filter',
      { where: "amount > 0 AND city <> 'city 1'" },
      "SELECT * FROM sales WHERE amount > 0 AND city <> 'city 1'",
    ],
    ['filter', { where: 'paid' }, 'SELECT * FROM sales WHERE paid'],
    [
      'filter',
      { where: 'day >= now() - INTERVAL 10 DAY -- the last days' },
      "SELECT * FROM sales WHERE day >= DATE '2026-01-21' + INTERVAL 10 HOUR",
    ],
    [
      'map',
      { set: { amount: 'amount * 2', double_id: 'id * 2' } },
      'SELECT * REPLACE (amount * 2 AS amount), id * 2 AS double_id FROM sales',
    ],
    ['map', { set: { ID: 'id + 1', before: 'id' } }, 'SELECT * REPLACE (id + 1 AS id), id AS before FROM sales'],
    ['map', { select: ['City', 'id'] }, 'SELECT city, id FROM sales'],
    ['map', { select: { 'a b': 'upper(city)', id: 'id' } }, 'SELECT upper(city) AS "a b", id FROM sales'],
    [
      'map',
      { drop: ['tags', 'big'], rename: { id: 'key' }, cast: { key: 'DECIMAL(18,2)' } },
      'SELECT id::DECIMAL(18,2) AS "key", * EXCLUDE (id, tags, big) FROM sales',
    ],
    [
      'map',
      { set: { x: 'id' }, select: { x: 'x + 1', y: 'x' }, drop: ['y'], rename: { x: 'z' }, cast: { z: 'VARCHAR' } },
      'SELECT (id + 1)::VARCHAR AS z FROM sales',
    ],
    [
      'map',
      { rename: { id: 'grade', grade: 'id' } },
      'SELECT id AS grade, city, grade AS id, * EXCLUDE (id, city, grade) FROM sales',
    ],
    ['map', {}, 'SELECT * FROM sales'],
    ['flatmap', { unnest: 'tags', as: 'tag' }, 'SELECT *, unnest(tags) AS tag FROM sales'],
    ['flatmap', { unnest: 'tags', as: 'tags' }, 'SELECT * EXCLUDE (tags), unnest(tags) AS tags FROM sales'],
    [
      'flatmap',
      { unnest: 'list_transform(tags, x -> x * id)', keepEmpty: true },
      'SELECT *, unnest(CASE WHEN len(tags) = 0 THEN [NULL] ELSE list_transform(tags, x -> x * id) END) AS "value" FROM sales',
    ],
  ] as const)('%s %j', async (name, config, oracle) => {
    await makeSales(lab.session, 'sales', RECORDS)
    // A shuffled order of columns would be another schema: compare by the oracle's order.
    const rows = await lab.session.rows(oracle)
    const schema = await lab.session.describe(oracle)
    await overAnyCuts(lab.session, operators[name], config, { input: 'sales' }, RECORDS, (run) => {
      expect(new Set(run.schema)).toEqual(new Set(schema))
      const at = schema.map((column) => run.schema.findIndex((other) => other.name === column.name))
      expect(run.rows.map((row) => at.map((index) => row[index]))).toEqual(rows)
      const passed = name === 'flatmap' ? RECORDS : rows.length
      expect(run.counters).toEqual({ in: RECORDS, out: rows.length, passed, filtered: RECORDS - passed, absorbed: 0 })
    })
  })
})

test('MAP changes columns in place and adds new ones after them', async () => {
  await lab.session.run('CREATE OR REPLACE TABLE small AS SELECT 1 AS a, 2 AS b, 3 AS c')
  const config = {
    set: { d: 'a + b', b: 'c' },
    rename: { c: 'e' },
    drop: ['a'],
    cast: { b: 'TIMESTAMP WITH TIME ZONE[]' },
  }
  const names = async (settings: unknown) =>
    (
      await runOperator(lab.session, { operator: operators.map, config: settings, inputs: { input: 'small' } })
    ).schema.map(({ name }) => name)
  expect(await names({ ...config, cast: { b: 'BIGINT' } })).toEqual(['b', 'e', 'd'])
})

test.each([
  ['map', { drop: ['citty'] }, 'There is no column `citty` here.', 'Did you mean `city`?'],
  [
    'map',
    { select: ['nothing'] },
    'There is no column `nothing` here.',
    expect.stringContaining('There are: id, city'),
  ],
  ['map', { rename: { id: 'city' } }, 'There would be two columns `city`.', expect.any(String)],
  [
    'map',
    { set: { x: 'amuont' } },
    expect.stringMatching(/^Referenced column "amuont" not found in FROM clause! Candidate bindings: "amount"/),
    'Did you mean `amount`?',
  ],
  ['map', { set: { x: 'sum(id)' } }, 'The aggregate `sum` is not allowed here.', 'Use the operator AGGREGATE.'],
  ['map', { set: { x: 'unnest(tags)' } }, '`unnest` is not allowed here.', 'Use the operator FLATMAP.'],
  ['map', { cast: { id: 'INTEGER) FROM x --' } }, expect.stringContaining('Expected a type'), undefined],
  ['filter', { where: 'id > 1) OR (true' }, expect.stringContaining('syntax error'), undefined],
] as const)('%s %j is refused in words', async (name, config, message, hint) => {
  await makeSales(lab.session, 'sales', 3)
  const run = runOperator(lab.session, { operator: operators[name], config, inputs: { input: 'sales' } })
  await expect(run).rejects.toMatchObject({ name: 'JobError', message, hint })
})
