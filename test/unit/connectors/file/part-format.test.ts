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
