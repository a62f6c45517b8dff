import { beforeEach, describe, expect, test } from '@jest/globals'
import { join } from '../../../operators/join.js'
import type { Operator } from '../../../operators/operator.js'
import { runOperator } from '../../support/run-operator.js'
import { makeSales, overAnyCuts, useLab } from './lab.js'

const lab = useLab()
const operator = join as unknown as Operator
const RECORDS = 150
const inputs = { left: 'sales', right: 'places' }

beforeEach(async () => {
  await makeSales(lab.session, 'sales', RECORDS)
  await lab.session.run(`CREATE OR REPLACE TABLE places AS
    SELECT 'city ' || (range % 9) AS place, range::INTEGER AS number, CASE WHEN range % 4 = 0 THEN NULL ELSE 'land' END AS land
    FROM range(12) UNION ALL SELECT NULL, 99, 'nowhere'`)
})

/** Pairs in the order of the left records, then of the right ones; right records without a partner at the end. */
const ORDER = 'ORDER BY l.rowid NULLS LAST, r.rowid'
const plainly = (type: string, on: string, items = 'l.*, r.*') =>
  `SELECT ${items} FROM sales l ${type} JOIN places r ON ${on}`

describe('JOIN gives what plain DuckDB gives over the whole', () => {
  test.each([
    ['INNER', 'left.city = right.place', 'l.city = r.place'],
    ['LEFT', 'left.city = right.place AND right.number < 8', 'l.city = r.place AND r.number < 8'],
    ['RIGHT', 'left.city = right.place AND left.grade = 1', 'l.city = r.place AND l.grade = 1'],
    ['FULL', 'left.city = right.place AND left.amount > 100', 'l.city = r.place AND l.amount > 100'],
    ['INNER', 'LEFT . id < right.number', 'l.id < r.number'],
    ['FULL', 'left.id < right.number', 'l.id < r.number'],
  ])('%s on %s', async (type, on, plainOn) => {
    const select = plainly(type, plainOn)
    const rows = await lab.session.rows(`${select} ${ORDER}`)
    const schema = await lab.session.describe(select)
    const matched = await lab.session.count(`SELECT count(*) FROM sales l SEMI JOIN places r ON ${plainOn}`)
    const passed = type === 'LEFT' || type === 'FULL' ? RECORDS : matched
    await overAnyCuts(lab.session, operator, { type, on }, inputs, RECORDS, (run) => {
      expect(run.schema).toEqual(schema)
      expect(run.rows).toEqual(rows)
      expect(run.counters).toEqual({ in: RECORDS, out: rows.length, passed, filtered: RECORDS - passed, absorbed: 0 })
    })
  })

  test.each(['SEMI', 'ANTI'])('%s', async (type) => {
    const rows = await lab.session.rows(
      `SELECT l.* FROM sales l ${type} JOIN places r ON l.city = r.place ORDER BY l.rowid`,
    )
    await overAnyCuts(lab.session, operator, { type, on: 'left.city = right.place' }, inputs, RECORDS, (run) => {
      expect(run.rows).toEqual(rows)
      expect(run.counters).toEqual({
        in: RECORDS,
        out: rows.length,
        passed: rows.length,
        filtered: RECORDS - rows.length,
        absorbed: 0,
      })
    })
  })
})

describe('JOIN chooses columns', () => {
  const columns = async (select: unknown, type = 'LEFT') =>
    (
      await runOperator(lab.session, { operator, config: { type, on: 'left.city = right.place', select }, inputs })
    ).schema.map(({ name }) => name)

  test('by a map with a star, and by a list', async () => {
    expect(await columns({ '*': 'right.*', city: 'left.city', n: 'left.id + right.number' })).toEqual([
      'place',
      'number',
      'land',
      'city',
      'n',
    ])
    expect(await columns({ '*': 'left.*', grade: 'right.number' })).toEqual([
      'id',
      'city',
      'amount',
      'weight',
      'big',
      'paid',
      'day',
      'tags',
      'grade',
    ])
    expect(await columns(['left.id', 'right.*', 'AMOUNT'])).toEqual(['id', 'place', 'number', 'land', 'amount'])
    expect(await columns(['left.id'], 'SEMI')).toEqual(['id'])
  })

  test('and says so when both sides have one of the same name', async () => {
    await lab.session.run('ALTER TABLE places RENAME number TO "ID"')
    const run = runOperator(lab.session, { operator, config: { on: 'left.city = right.place' }, inputs })
    await expect(run).rejects.toMatchObject({
      code: 'sql.invalid',
      message: expect.stringMatching(/^Both sides have a column `id`\.$/i),
      hint: expect.stringContaining('"left.*"'),
    })
  })

  test('checking expressions in the open part of the map like any other', async () => {
    const run = runOperator(lab.session, {
      operator,
      config: { on: 'true', select: { x: "read_text('/etc/passwd')" } },
      inputs,
    })
    await expect(run).rejects.toMatchObject({ code: 'sql.refused' })
  })
})

const ONE_SUBTASK = { left: [], right: [] }

test.each([
  ['left.a = right.b', { left: ['a'], right: ['b'] }],
  ['(("left".a = "right".b) AND ("right"."c d" = "left".e))', { left: ['a', 'e'], right: ['b', 'c d'] }],
  ['left.a = right.b OR left.c = right.d', ONE_SUBTASK],
  ['left.a = right.b AND left.c > 1', ONE_SUBTASK],
  ['left.a = left.b', ONE_SUBTASK],
  ['lower(left.a) = right.b', ONE_SUBTASK],
])('in parallel, %s splits both sides by %j where the right side cannot be everywhere', (on, expected) => {
  expect(join.key?.({ type: 'INNER', on, strategy: 'HASH' }, 'BATCH')).toEqual(expected)
  expect(join.key?.({ type: 'FULL', on }, 'BATCH')).toEqual(expected)
  expect(join.key?.({ type: 'LEFT', on }, 'BATCH')).toBeNull()
})

test.each([
  [{ type: 'FULL', on: 'left.city = right.place', strategy: 'BROADCAST' }, 'A FULL join cannot be BROADCAST.'],
  [{ on: 'left.id < right.number', strategy: 'HASH' }, expect.stringContaining('equalities only')],
])('a strategy that cannot do it is refused: %j', async (config, message) => {
  await expect(runOperator(lab.session, { operator, config, inputs })).rejects.toMatchObject({
    code: 'config.invalid',
    message,
  })
})
