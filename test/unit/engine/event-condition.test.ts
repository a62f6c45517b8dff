import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { eventConditionHolds } from '../../../engine/event-condition.js'

let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'etl-event-'))
})

afterAll(async () => {
  expect(await readdir(scratch)).toEqual([])
  await rm(scratch, { recursive: true, force: true })
})

const holds = (where: string, payload: Readonly<Record<string, unknown>>) =>
  eventConditionHolds({ scratch, memoryLimitBytes: 64 * 1024 ** 2 }, where, payload)

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
  ["payload.s = 'x'", { s: 'x', empty: {}, list: [], mixed: [1, 'a'], nested: [{ a: 1 }], nul: null }, true],
  ["payload.quote = ''' OR true --'", { quote: 'no' }, false],
] as const)('%s over %j: %s', async (where, payload, expected) => {
  expect(await holds(where, payload)).toBe(expected)
})

test.each([
  ['payload.text > 5', { text: 'abc' }, 'sql.invalid'],
  ['payload.a.b = 1', { a: 1 }, 'sql.invalid'],
  ['size > 1', { size: 2 }, 'sql.invalid'],
  ["read_text('/etc/passwd') = ''", {}, 'sql.refused'],
  ['(SELECT count(*) FROM duckdb_secrets()) = 0', {}, 'sql.refused'],
] as const)('%s over %j cannot be judged', async (where, payload, code) => {
  await expect(holds(where, payload)).rejects.toMatchObject({ code })
})
