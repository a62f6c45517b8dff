import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openSession } from '../../../duckdb/open-session.js'
import type { Session } from '../../../duckdb/session.js'
import { copyToParquet, selectFromParquet } from '../../../engine/parquet.js'

let session: Session
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parquet-'))
  session = await openSession({ folder, memoryLimitBytes: 256 * 1024 * 1024, threads: 2 })
})
afterAll(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

describe('Parquet as a way for records', () => {
  test.each([
    '170141183460469231731687303715884105727::HUGEINT',
    '340282366920938463463374607431768211455::UHUGEINT',
    "INTERVAL '1 month 2 days 3 microseconds'",
    "'12:00:00+02'::TIMETZ",
    "'0101'::BIT",
    "'x'::ENUM('x', 'y')",
    '12.3400::DECIMAL(38, 4)',
    "'infinity'::TIMESTAMP",
    "TIMESTAMP_S '2020-01-01 00:00:01'",
    "TIMESTAMPTZ '2020-01-01 00:00:01.123456+05'",
    "{'a': 1::HUGEINT, 'b': [1, NULL]}",
    "MAP {'it''s': INTERVAL '1 microsecond'}",
    "'nan'::DOUBLE",
    "''",
    "'\\x00\\xFF'::BLOB",
    "uuid '12345678-1234-1234-1234-123456789012'",
    '\'{"a": 1}\'::JSON',
  ])('gives back %s as it was', async (value) => {
    await session.run(`CREATE OR REPLACE TABLE t AS SELECT ${value} AS v UNION ALL SELECT NULL`)
    const schema = await session.describe('SELECT * FROM t')
    const file = join(folder, 'one.parquet')
    await session.run(copyToParquet('SELECT * FROM t', schema, file))
    await session.run(`CREATE OR REPLACE TABLE back AS ${selectFromParquet([file], schema)}`)
    expect(await session.describe('SELECT * FROM back')).toEqual(schema)
    expect(
      await session.count(
        'SELECT count(*) FROM t, back WHERE t.rowid = back.rowid AND t.v IS NOT DISTINCT FROM back.v',
      ),
    ).toBe(2)
  })

  test('keeps order over files, and reads a range of one', async () => {
    const schema = [{ name: 'n', type: 'BIGINT' }]
    const files = ['a', 'b'].map((name) => join(folder, `${name}.parquet`))
    for (const [index, file] of files.entries())
      await session.run(
        copyToParquet(`SELECT n FROM range(${index * 300_000}, ${(index + 1) * 300_000}) t(n)`, schema, file),
      )
    await session.run(`CREATE TABLE joined AS ${selectFromParquet(files, schema)}`)
    expect(await session.count('SELECT count(*) FROM joined WHERE n = rowid')).toBe(600_000)
    const range = selectFromParquet([files[1]!], schema, { from: 10, to: 12 })
    expect(await session.rows(range)).toEqual([[300_010n], [300_011n]])
  })
})
