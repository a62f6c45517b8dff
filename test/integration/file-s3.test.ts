/** Jobs from a bucket into a bucket, as they are submitted. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { withOwnSession } from '../../connectors/own-session.js'
import { describeWithS3, keysOf, type LentBucket } from '../support/describe-with-s3.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

const records = 400_000

describeWithS3('a job from a bucket into a bucket', (lent) => {
  test('writes every record once, though a worker is killed half-way', async () => {
    await put(lent, 'in/a.csv', csv(0, records / 2))
    await put(lent, 'in/b.csv', csv(records / 2, records))
    await withMigratedDatabase(async (mysql) => {
      await onServer(
        mysql,
        "UPDATE etl_system_config SET config_value = '200000' WHERE config_key LIKE 'executor.first_epoch_%'",
      )
      await withStack({ mysql, temporal: temporalAddress() }, (stack) => runAndKill(stack, lent))
    })
    const written = (await keysOf(lent.bucket, 'out/')).filter((key) => !/\/[._]/.test(key))
    expect(new Set(written.map((key) => key.split('/')[1]))).toEqual(new Set(['kind=0', 'kind=1', 'kind=2']))
    expect(await idsIn(lent, written)).toEqual({ lines: records, ids: records, kinds: 3 })
    // What was staged has gone, and the log has not grown.
    expect((await keysOf(lent.bucket, 'out/_etl/')).length).toBeLessThan(10)
  }, 240_000)

  test('is refused on a worker that would use its own credentials, but for its roots', async () => {
    await withMigratedDatabase(async (mysql) => {
      await withStack({ mysql, temporal: temporalAddress() }, async (stack) => {
        const path = `s3://${lent.s3.bucket}/in/a.csv`
        const spec = {
          name: 'own-credentials',
          nodes: [
            { id: 'in', source: 'file', config: { path } },
            { id: 'out', sink: 'blackhole', input: 'in' },
          ],
        }
        await expect(stack.submit(spec)).rejects.toThrow(/lies outside the folders/)
      })
    })
  }, 120_000)
})

async function runAndKill(stack: Stack, { connection, s3 }: LentBucket): Promise<void> {
  await stack.startWorker()
  const executionId = await stack.submit({
    name: 'bucket-to-bucket',
    parallelism: 2,
    checkpoint: { interval: '500ms' },
    nodes: [
      { id: 'in', source: 'file', config: { path: `s3://${s3.bucket}/in/*.csv`, connection } },
      {
        id: 'out',
        sink: 'file',
        input: 'in',
        config: {
          path: `s3://${s3.bucket}/out`,
          connection,
          format: 'jsonl',
          compression: 'gzip',
          partitionBy: ['kind'],
          maxFileSize: '200KiB',
        },
      },
    ],
  })
  await until('an epoch is complete', async () => (await stack.execution(executionId)).epochs >= 1, { everyMs: 20 })
  await stack.killWorker()
  expect(await stack.untilEnded(executionId, 180_000)).toMatchObject({
    status: 'COMPLETED',
    restarts: 0,
    records: { read: records, written: records },
  })
}

const csv = (from: number, to: number) =>
  `id,kind\n${Array.from({ length: to - from }, (_, n) => `${from + n},${(from + n) % 3}`).join('\n')}\n`

async function put({ bucket }: LentBucket, key: string, text: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'etl-put-'))
  await writeFile(join(folder, 'x'), text)
  await bucket.put(key, { file: join(folder, 'x') })
  await rm(folder, { recursive: true, force: true })
}

async function idsIn({ bucket }: LentBucket, keys: readonly string[]) {
  return await withOwnSession(async (session) => {
    for (const [at, key] of keys.entries()) {
      const file = join(session.folder, `${at}.jsonl.gz`)
      expect(await bucket.download(key, file)).toBe(true)
    }
    const read = `read_json('${session.folder}/*.jsonl.gz', columns = {id: 'BIGINT'})`
    const [[lines, ids] = []] = await session.rows(`SELECT count(*), count(DISTINCT id) FROM ${read}`)
    return { lines: Number(lines), ids: Number(ids), kinds: new Set(keys.map((key) => key.split('/')[1])).size }
  })
}
