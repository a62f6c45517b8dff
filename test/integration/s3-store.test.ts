/** The checkpoint store on a real S3 server. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { discardAtEnd } from '../../activities/discard-old.js'
import { fenceName } from '../../core/execution/fence.js'
import { openStore } from '../../storage/open-store.js'
import type { ObjectStore } from '../../storage/store.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { type LentS3, withS3 } from '../support/lend-s3.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

async function withStore(run: (store: ObjectStore, folder: string, s3: LentS3) => Promise<void>): Promise<void> {
  await withS3(async (s3) => {
    const folder = await mkdtemp(join(tmpdir(), 'etl-s3-test-'))
    try {
      await run(openStore(s3.url('some/place')), folder, s3)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  })
}

async function keysOf(store: ObjectStore, prefix: string): Promise<string[]> {
  const keys: string[] = []
  for await (const { key } of store.list(prefix)) keys.push(key)
  return keys
}

test('gives back what was put, large files too, and lists it in order', async () => {
  await withStore(async (store, folder, s3) => {
    expect(store.url).toBe(`s3://${s3.bucket}/some/place/`)
    const large = join(folder, 'large')
    const bytes = Buffer.alloc(20 * 1024 * 1024, 'abcdefg')
    await writeFile(large, bytes)
    expect(await store.put('l/state.parquet', large)).toEqual({ sizeBytes: bytes.length })
    const local = await store.fetch('l/state.parquet', folder)
    expect(local.startsWith(folder)).toBe(true)
    expect((await readFile(local)).equals(bytes)).toBe(true)
    for (const key of ['l/2/a', 'l/10/a b', 'l/2-x', 'l/2/ü', 'm/1']) await store.putText(key, key)
    expect(await keysOf(store, 'l/')).toEqual(['l/10/a b', 'l/2-x', 'l/2/a', 'l/2/ü', 'l/state.parquet'])
    expect(await keysOf(store, 'l/2/')).toEqual(['l/2/a', 'l/2/ü'])
    expect(await keysOf(openStore(s3.url('some')), 'place/m')).toEqual(['place/m/1'])
    expect(await store.text('l/2/ü')).toBe('l/2/ü')
    expect(await store.text('l/none')).toBeNull()
    await store.remove('l/2/a')
    await store.remove('l/2/a')
    expect(await store.text('l/2/a')).toBeNull()
    await expect(store.fetch('l/2/a', folder)).rejects.toMatchObject({ code: 'storage.failed' })
    await expect(store.put('../x', large)).rejects.toThrow('is not a key')
  })
}, 900_000)

test('lists more objects than one answer holds', async () => {
  await withStore(async (store) => {
    const keys = Array.from({ length: 1_050 }, (_, n) => `many/${String(n).padStart(4, '0')}`)
    for (let from = 0; from < keys.length; from += 50)
      await Promise.all(keys.slice(from, from + 50).map((key) => store.putText(key, 'x')))
    expect(await keysOf(store, 'many/')).toEqual(keys)
  })
}, 120_000)

test('lets exactly one of many writers create a key', async () => {
  await withStore(async (store, folder) => {
    const files = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(async (n) => {
        await writeFile(join(folder, `${n}`), `writer ${n}`)
        return join(folder, `${n}`)
      }),
    )
    const won = await Promise.all(files.map((file) => store.putIfAbsent('race/mark', file)))
    expect(won.filter(Boolean)).toHaveLength(1)
    expect(await store.text('race/mark')).toBe(`writer ${won.indexOf(true) + 1}`)
  })
}, 60_000)

test('waits out a server that is away for a moment, and else says what is wrong, without a secret', async () => {
  await withStore(async (store, folder, s3) => {
    await store.putText('k', 'v')
    await s3.kill()
    const asked = store.text('k')
    await s3.start()
    expect(await asked).toBe('v')

    const failing = async (url: string) =>
      await openStore(url)
        .text('k')
        .catch((error: unknown) => error)
    const nobody = `s3://${s3.bucket}/x?endpoint=http://127.0.0.1:1`
    expect(await failing(nobody)).toMatchObject({
      code: 'storage.failed',
      message: expect.stringContaining('ECONNREFUSED'),
    })
    expect(await failing(s3.url('x').replace(s3.bucket, 'no-such-bucket'))).toMatchObject({
      code: 'environment.invalid',
      message: expect.stringContaining('There is no bucket no-such-bucket'),
      hint: expect.any(String),
    })
    process.env.AWS_SECRET_ACCESS_KEY = 'opensesame'
    await writeFile(join(folder, 'x'), 'x')
    const denied = await openStore(s3.url('x'))
      .put('k', join(folder, 'x'))
      .catch((error: unknown) => error)
    expect(denied).toMatchObject({ code: 'connection.denied', hint: expect.any(String) })
    expect(JSON.stringify(denied) + String((denied as Error).stack)).not.toContain('opensesame')
  })
}, 60_000)

test('what nothing names any more is cleared away there, too', async () => {
  await withStore(async (store) => {
    const keys = [1, 2, 3].map((epoch) => {
      const fence = fenceName({ generation: 1, attempt: 1, epoch, activityAttempt: 1 })
      return `lineage/one/state/v/0/${fence}/s.parquet`
    })
    for (const key of keys) await store.putText(key, 'x')
    const deps = { parts: { store }, warn: (details: object) => expect(details).toBeNull() }
    const ended = { executionId: 'e', lineageId: 'one', startedAt: null }
    await discardAtEnd(deps as never, ended, { named: new Set([keys[0]!]), before: 3 })
    expect(await keysOf(store, 'lineage/')).toEqual([keys[0], keys[2]])
  })
}, 60_000)

test('two workers run a job over it, and the end of one of them costs nothing', async () => {
  await withS3(async (s3) => {
    await withMigratedDatabase(async (mysql) => {
      // Small ones: there are several.
      await onServer(
        mysql,
        "UPDATE etl_system_config SET config_value = '400000' WHERE config_key LIKE 'executor.first_epoch_%'",
      )
      const servers = { mysql, temporal: temporalAddress() }
      await withStack(servers, (stack) => runAndKill(stack, mysql), { ETL_STORAGE_URL: s3.url('stack') })
    })
    const store = openStore(s3.url('stack'))
    expect((await keysOf(store, 'lineage/')).some((key) => key.includes('/state/'))).toBe(true)
  })
}, 240_000)

async function runAndKill(stack: Stack, mysql: string): Promise<void> {
  const records = 600_000
  await stack.startWorker()
  await onServer(mysql, 'CREATE TABLE target (id BIGINT NOT NULL, n BIGINT)')
  const lines = Array.from({ length: records }, (_, id) => `${id % (records / 2)},${id % 97}`)
  await writeFile(join(stack.files, 'in.csv'), `id,n\n${lines.join('\n')}\n`)
  const executionId = await stack.submit({
    name: 'on-s3',
    parallelism: 2,
    checkpoint: { interval: '500ms' },
    nodes: [
      { id: 'in', source: 'file', config: { path: 'in.csv' } },
      { id: 'first', operator: 'DEDUPLICATE', input: 'in', config: { key: ['id'], keep: 'FIRST' } },
      { id: 'out', sink: 'jdbc', input: 'first', config: { connection: { url: mysql }, table: 'target' } },
    ],
  })
  await until('an epoch is complete', async () => (await stack.execution(executionId)).epochs >= 1, { everyMs: 20 })
  await stack.killWorker()
  const report = await stack.untilEnded(executionId, 180_000)
  expect(report).toMatchObject({ status: 'COMPLETED', restarts: 0, records: { read: records, written: records / 2 } })
  expect(report.epochs).toBeGreaterThan(1)
  expect(await onServer(mysql, 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM target')).toMatchObject([
    { n: records / 2, ids: records / 2 },
  ])
}
