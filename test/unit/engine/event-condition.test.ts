import { execFileSync } from 'node:child_process'
import { expect, test } from '@jest/globals'
import { checkEventCondition, eventConditionHolds as holds } from '../../../engine/event-condition.js'

test.each([
  ["payload.bucket = 'in'", { bucket: 'in' }, true],
  ["payload.bucket = 'in'", { bucket: 'out' }, false],
  ["payload.bucket = 'in'", {}, false],
  ['payload.bucket IS NULL AND payload.a.b IS NULL', { a: null }, true],
  ['payload.size > 10 AND payload.size < 11', { size: 10.5 }, true],
  ['payload.size > 10', { size: 2 ** 60 }, true],
  ["payload.user.name ILIKE 'ada%'", { user: { name: 'Ada L' } }, true],
  ["payload.user.name ILIKE 'ada%'", { user: null }, false],
  ["list_contains(payload.tags, 'x')", { tags: ['y', 'x'] }, true],
  ['payload."a""b" = 1', { 'a"b': 1 }, true],
  ["payload.name = 'it''s'", { name: "it's" }, true],
  ['payload.Bucket = 1', { bucket: 1 }, true],
  ['payload.isFull', { isFull: true }, true],
  ['payload.isFull', {}, false],
  ["payload.s = 'x'", { s: 'x', empty: {}, list: [], mixed: [1, 'a'], nested: [{ a: 1 }], nul: null }, true],
  ["payload.quote = ''' OR true --'", { quote: 'no' }, false],
] as const)('%s over %j: %s', async (where, payload, expected) => {
  await checkEventCondition(where)
  expect(await holds(where, payload)).toBe(expected)
})

test.each([
  ['payload.text > 5', { text: 'abc' }, 'sql.invalid'],
  ['payload.a.b = 1', { a: 1 }, 'sql.invalid'],
  ['size > 1', { size: 2 }, 'sql.invalid'],
  ['payload.size', { size: 2 }, 'sql.invalid'],
  ["read_text('/etc/passwd') = ''", {}, 'sql.refused'],
  ['(SELECT count(*) FROM duckdb_secrets()) = 0', {}, 'sql.refused'],
] as const)('%s over %j cannot be judged', async (where, payload, code) => {
  await expect(holds(where, payload)).rejects.toMatchObject({ code })
})

test.each([
  ['payload.size + 1', /gives INTEGER, and not true or false/],
  ["'yes'", /gives VARCHAR/],
  ['length(payload.name)', /gives BIGINT/],
  ['orders.size > 1', /Referenced table "orders" not found/],
  ['size > 1', /Referenced column "size" not found/],
  ['(SELECT count(*) FROM orders) = 0', /subquery is not allowed/],
] as const)('%s is refused before there is an event', async (where, message) => {
  await expect(checkEventCondition(where)).rejects.toMatchObject({ message: expect.stringMatching(message) })
})

test.each([
  'payload.size + payload.tax > 10',
  "list_contains(payload.tags, 'x') AND payload.size % 2 = 0",
  "payload.at::TIMESTAMP > now() - INTERVAL '1 day'",
  'payload.rows[1].ok',
  "regexp_matches(payload.key, '^in/')",
  'len(payload.list) > 0 AND payload.object.a IS NOT NULL',
])('%s may be asked of events, whatever types they bring', async (where) => {
  await checkEventCondition(where)
})

test('one that takes too long, or too much, is ended; the next is judged', async () => {
  const [long, much] = [
    'list_sum(list_transform(range(payload.n), x -> list_sum(range(payload.n)))) > 0',
    "length(repeat('x', payload.n)) + length(repeat('y', payload.n)) > 0",
  ]
  await expect(holds(long, { n: 3_000_000 })).rejects.toMatchObject({
    code: expect.stringMatching(/sql.invalid|memory/),
  })
  await expect(holds(much, { n: 2_000_000_000 })).rejects.toThrow()
  expect(await holds('payload.n = 1', { n: 1 })).toBe(true)
}, 60_000)

test('many are cheap: one process judges them', async () => {
  await holds('true', {})
  const children = () =>
    execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(process.pid)], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes('duckdb/child.mjs'))
  const before = children()
  expect(before).toHaveLength(1)
  const verdicts = await Promise.all(Array.from({ length: 200 }, (_, n) => holds('payload.n % 2 = 0', { n })))
  expect(verdicts.filter(Boolean)).toHaveLength(100)
  expect(children()).toEqual(before)
}, 60_000)
