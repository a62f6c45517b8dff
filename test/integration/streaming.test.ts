/** A STREAMING job as a service runs it: files that come while it runs, kills between them, a cancel and a restart. */
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { onServer, withDatabase, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

test('every record of files that come while the job runs is written once', async () => {
  await withMigratedDatabase(async (catalogue) => {
    await withDatabase(async (target) => {
      await withStack({ mysql: catalogue, temporal: temporalAddress() }, async (stack) => {
        await writeFile(join(stack.files, 'names.csv'), 'k,name\n0,zero\n1,one\n2,two\n')
        let number = 0
        const put = async () => {
          const ids = Array.from({ length: 100 }, (_, n) => number * 100 + n)
          await putFile(stack, `in-${String(number).padStart(3, '0')}.csv`, ids)
          number += 1
        }
        const arrived = async () =>
          await until(`${number * 100} records are there`, async () => (await count(target)) >= number * 100)
        await put()
        const executionId = await stack.submit(job(target))
        await arrived()
        await put()
        await arrived()
        await put()
        await stack.killWorker()
        await put()
        await stack.startWorker()
        await arrived()
        // Idle now: a cancel reaches it, and the lineage goes on where it stood.
        await stack.request('POST', `/api/v1/executions/${executionId}/cancel`, {})
        expect(await stack.untilEnded(executionId)).toMatchObject({
          status: 'CANCELLED',
          records: { read: number * 100 },
        })
        await put()
        const { body } = await stack.request<{ executionId: string }>(
          'POST',
          `/api/v1/executions/${executionId}/restart`,
          {},
        )
        await arrived()
        expect(
          await onServer(target, 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d, SUM(id) AS s FROM seen'),
        ).toMatchObject([{ n: number * 100, d: number * 100, s: String(((number * 100 - 1) * number * 100) / 2) }])
        await stack.request('POST', `/api/v1/executions/${body.executionId}/cancel`, {})
        expect(await stack.untilEnded(body.executionId)).toMatchObject({ status: 'CANCELLED', restarts: 0 })
      })
    })
  })
}, 180_000)

function job(url: string) {
  return {
    name: 'streaming',
    type: 'STREAMING',
    checkpoint: { interval: '500ms' },
    nodes: [
      {
        id: 'lines',
        source: 'file',
        config: { path: 'in-*.csv', watch: true, columns: { id: 'BIGINT', k: 'BIGINT' } },
      },
      { id: 'names', source: 'file', config: { path: 'names.csv' } },
      {
        id: 'named',
        operator: 'JOIN',
        inputs: { left: 'lines', right: 'names' },
        config: { type: 'LEFT', on: 'left.k = right.k', select: { id: 'left.id', name: 'right.name' } },
      },
      { id: 'seen', sink: 'jdbc', input: 'named', config: { connection: { url }, table: 'seen', createTable: true } },
    ],
  }
}

/** A file appears whole. */
async function putFile(stack: Stack, name: string, ids: readonly number[]): Promise<void> {
  const hidden = join(stack.files, `.${name}`)
  await writeFile(hidden, `id,k\n${ids.map((id) => `${id},${id % 4}`).join('\n')}\n`)
  await rename(hidden, join(stack.files, name))
}

async function count(url: string): Promise<number> {
  const rows = (await onServer(url, 'SELECT COUNT(*) AS n FROM seen').catch(() => [])) as { n: number }[]
  return rows[0]?.n ?? 0
}
