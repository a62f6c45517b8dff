import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { EngineParts } from '../../../engine/engine.js'
import { giveBack, keepSpares, releaseAll, releaseExecution, takeSession } from '../../../engine/sessions.js'
import { functionsBelow } from '../../../functions/open-functions.js'
import { openStore } from '../../../storage/open-store.js'

let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'etl-sessions-'))
})
afterAll(async () => {
  await releaseAll()
  await rm(scratch, { recursive: true, force: true })
})

test('a session that has spilled is empty for the next execution, and can spill again', async () => {
  const parts = partsWith(32 * 1024 ** 2)
  await keepSpares(parts)
  const folders: string[] = []
  for (const executionId of ['first', 'second', 'third', 'fourth']) {
    const { held } = await takeSession({ executionId, vertexId: 'v', subtask: 0 }, 'label', parts, async () => 1)
    folders.push(held.folder)
    expect((await readdir(held.folder)).filter((entry) => entry !== 'spill')).toEqual([])
    expect(await held.main.count('SELECT count(*) FROM duckdb_tables()')).toBe(0)
    await held.main.run(
      'CREATE TABLE t AS SELECT i, md5(i::VARCHAR) AS a, md5((-i)::VARCHAR) AS b FROM range(800000) AS r(i)',
    )
    await held.main.run('CREATE TABLE u AS SELECT * FROM t ORDER BY a')
    expect(await readdir(join(held.folder, 'spill'))).not.toEqual([])
    await giveBack(held, 'label')
    releaseExecution(executionId)
    await until(async () => (await readdir(join(held.folder, 'spill'))).length === 0)
  }
  expect(new Set(folders).size).toBe(2)
})

test('each of twenty subtasks finds its session again in the next epoch, and none that holds other state', async () => {
  const parts = partsWith(64 * 1024 ** 2)
  const subtasks = Array.from({ length: 20 }, (_, subtask) => ({ executionId: 'many', vertexId: 'v', subtask }))
  const epoch = async (label: string, next: string) => {
    const found: boolean[] = []
    for (const owner of subtasks) {
      const { held, restored } = await takeSession(owner, label, parts, async () => 1)
      found.push(restored)
      await giveBack(held, next)
    }
    return found
  }
  expect(await epoch('0', '1')).not.toContain(true)
  expect(await epoch('1', '2')).not.toContain(false)
  expect(await epoch('1', '2')).not.toContain(true)
})

function partsWith(memoryLimitBytes: number): EngineParts {
  return {
    connectors: [],
    operators: [],
    functions: functionsBelow(null, 'NOWHERE'),
    store: openStore(pathToFileURL(join(scratch, 'store')).href),
    connection: () => Promise.reject(new Error('There are no connections.')),
    secret: () => Promise.reject(new Error('There are no secrets.')),
    environment: {},
    files: { fileRoots: null, base: scratch },
    scratch: join(scratch, 'sessions'),
    memoryLimitBytes,
    threads: 1,
  }
}

/** It is emptied when its execution has ended. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (let waited = 0; !(await isSo()); waited += 20) {
    if (waited > 5_000) throw new Error('It takes too long.')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await new Promise((resolve) => setTimeout(resolve, 50))
}
