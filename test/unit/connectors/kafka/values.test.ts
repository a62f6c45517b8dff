import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { readAgain } from '../../../../connectors/kafka/again.js'
import { sourceConfig } from '../../../../connectors/kafka/config.js'
import { openSession } from '../../../../duckdb/open-session.js'
import type { Session } from '../../../../duckdb/session.js'

let folder: string
let session: Session

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kafka-values-'))
  session = await openSession({ folder, memoryLimitBytes: 256 * 1024 * 1024, threads: 1 })
})
afterEach(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

/** The values of messages, as dead letters are read again: by the way that all messages take. */
async function read(format: 'json' | 'csv', columns: Record<string, string>, values: readonly string[]) {
  const config = sourceConfig.parse({ connection: 'broker', topic: 'orders', format, columns })
  const schema = Object.entries(columns).map(([name, type]) => ({ name, type }))
  const records = values.map((text, offset) => ({
    text,
    form: { kind: 'TEXT' as const },
    place: { topic: 'orders', partition: 0, offset },
  }))
  const found: { good: unknown[]; bad: [number | undefined, string][] } = { good: [], bad: [] }
  for await (const batch of readAgain(records, config, schema, session)) {
    const { select, rejected } = await batch.isolate()
    for (const [value] of await session.rows(select)) found.good.push(value)
    found.bad.push(...rejected.map(({ place, message }): [number | undefined, string] => [place.record, message]))
    await batch.release()
  }
  return found
}

test('JSON: what a column cannot hold as it is written is a bad record, which says where and what', async () => {
  const { good, bad } = await read('json', { n: 'BIGINT' }, ['{"n":1}', '{"n":1.5}', '{"n":2.0}', '{"n":"1.5"}'])
  expect(good).toEqual([1n, 2n])
  expect(bad).toEqual([
    [1, 'Column "n" does not hold a value of type BIGINT: 1.5'],
    [3, 'Column "n" does not hold a value of type BIGINT: 1.5'],
  ])
})

test('JSON: numbers in a column of JSON keep their digits', async () => {
  const { good } = await read('json', { n: 'JSON' }, ['{"n":1.1234567890123456789}', '{"n":[0.1]}'])
  expect(good).toEqual(['1.1234567890123456789', '[0.1]'])
})

test('CSV: a bad record says its column, its value and what was expected', async () => {
  const columns = { n: 'BIGINT', d: 'DATE' }
  const values = [
    '1,2026-01-31',
    '1.5,2026-01-31',
    'x,2026-01-31',
    '2,2026-01-31 10:00:00',
    '3',
    '4,2026-01-31,5',
    '5,',
  ]
  const { good, bad } = await read('csv', columns, values)
  expect(good).toEqual([1n, 5n])
  expect(bad).toEqual([
    [1, 'Column "n" does not hold a value of type BIGINT: 1.5'],
    [2, `Error when converting column "n". Could not convert string "x" to 'BIGINT'`],
    [3, 'Column "d" does not hold a value of type DATE: 2026-01-31 10:00:00'],
    [4, 'Expected 2 values, found 1'],
    [5, 'Expected 2 values, found 3'],
  ])
})
