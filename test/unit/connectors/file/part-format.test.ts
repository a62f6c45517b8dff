import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { emptySelect, partFormats } from '../../../../connectors/file/part-format.js'
import { openSession } from '../../../../duckdb/open-session.js'
import type { Session } from '../../../../duckdb/session.js'

let session: Session

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'etl-parts-'))
  session = await openSession({ folder, memoryLimitBytes: 256 * 1024 ** 2, threads: 1 })
})

afterAll(async () => {
  session.close()
  await rm(session.folder, { recursive: true, force: true })
})

test.each([
  ['csv', ['id', 'Name_2', '_x'], true],
  ['csv', ['NULL', 'true', 'select', 'nan'], true],
  ['csv', ['one'], true],
  ['csv', ['a b', 'x,y', '"quoted"', 'größe', '1st', ' id'], false],
  ['jsonl', ['id', 'x,y'], true],
] as const)('%s: a file without records of %j is what DuckDB writes', async (format, names, byHand) => {
  const schema = names.map((name) => ({ name, type: 'BIGINT' }))
  const head = partFormats[format].head?.(schema) ?? null
  expect(head !== null).toBe(byHand)
  const file = join(session.folder, 'empty')
  await session.run(partFormats[format].copy(`(${emptySelect(schema)})`, file, { first: true, schema }))
  if (head !== null) expect(head).toBe(await readFile(file, 'utf8'))
})

const odd = `
  SELECT * FROM (VALUES
    ('{"a":12345678901234567890.12345,\n"b":1.10}'::JSON, [{'y"NaN': 'inf'::DOUBLE, 'z': 'NaN'}], 'nan'::FLOAT, map {'-inf'::DOUBLE: '-inf'::DOUBLE}, 1.5),
    (NULL, [{'y"NaN': -1.5, 'z': '-Infinity'}], NULL, NULL, NULL)) AS odd(j, l, f, m, n)`
const written = [
  '{"j":{"a":12345678901234567890.12345, "b":1.10},"l":[{"y\\"NaN":"Infinity","z":"NaN"}],"f":"nan","m":{"-inf":"-Infinity"},"n":1.5}',
  '{"j":null,"l":[{"y\\"NaN":-1.5,"z":"-Infinity"}],"f":null,"m":null,"n":null}',
]

test.each([
  ['jsonl', `${written.join('\n')}\n`],
  ['json', `[${written.join('\n,')}]\n`],
] as const)('%s keeps the digits of JSON, and NaN and infinity as text, on every level', async (format, expected) => {
  const file = join(session.folder, 'odd')
  const schema = await session.describe(odd)
  await session.run(partFormats[format].copy(`(${odd})`, file, { first: true, schema }))
  const found = await readFile(file, 'utf8')
  expect(found).toBe(expected)
  for (const line of format === 'json' ? [found] : found.trim().split('\n')) JSON.parse(line)
  await session.run(partFormats[format].copy(`(${odd} LIMIT 0)`, file, { first: true, schema }))
  expect((await readFile(file, 'utf8')).trim()).toBe(format === 'json' ? '[]' : '')
})

test('parquet: what it has no place for is text, within lists, structs and maps too', async () => {
  const values = `SELECT INTERVAL '1 month 00:00:00.000001' AS i, {'a b': [INTERVAL '1 microsecond'], 'c': 1} AS s,
    map {'k': 170141183460469231731687303715884105727::HUGEINT} AS m, [1.5] AS plain`
  const file = join(session.folder, 'placed')
  const schema = await session.describe(values)
  await session.run(partFormats.parquet.copy(`(${values})`, file, { first: true, schema }))
  expect(await session.rows(`SELECT i, s."a b"[1], s.c, m['k'], plain[1] FROM read_parquet('${file}')`)).toEqual([
    ['1 month 00:00:00.000001', '00:00:00.000001', 1, '170141183460469231731687303715884105727', '1.5'],
  ])
})
