import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openSession } from '../../../duckdb/open-session.js'
import type { Session } from '../../../duckdb/session.js'
import { keyGroup } from '../../../engine/partition.js'

let session: Session
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'partition-'))
  session = await openSession({ folder, memoryLimitBytes: 256 * 1024 * 1024, threads: 1 })
})
afterAll(async () => {
  session.close()
  await rm(folder, { recursive: true, force: true })
})

const groupOf = (value: string, type: string) =>
  session.count(`SELECT ${keyGroup([type], ['k'], 128)} FROM (SELECT ${value} AS k)`)

describe('a key group', () => {
  test('stays what it was when it was first written down', async () => {
    expect(await Promise.all(["'LAX'", "'SFO'", 'NULL'].map((value) => groupOf(value, 'VARCHAR')))).toEqual([
      69, 17, 97,
    ])
    expect(await groupOf('42', 'BIGINT')).toBe(15)
  })

  test('is the same for equal keys of different types, and for zero and minus zero', async () => {
    expect(await groupOf('7::INTEGER', 'BIGINT')).toBe(await groupOf('7::BIGINT', 'BIGINT'))
    expect(await groupOf("'-0.0'::DOUBLE", 'DOUBLE')).toBe(await groupOf('0.0::DOUBLE', 'DOUBLE'))
  })

  test('does not mix up where one column of a key ends and the next begins', async () => {
    const group = keyGroup(['VARCHAR', 'VARCHAR'], ['a', 'b'], 1_000_003)
    const of = (a: string, b: string) => session.count(`SELECT ${group} FROM (SELECT '${a}' AS a, '${b}' AS b)`)
    expect(await of('ab', 'c')).not.toBe(await of('a', 'bc'))
  })

  test('spreads keys over all groups', async () => {
    const query = `SELECT count(DISTINCT g) FROM (SELECT ${keyGroup(['BIGINT'], ['k'], 128)} AS g FROM range(5000) t(k))`
    expect(await session.count(query)).toBe(128)
  })
})
