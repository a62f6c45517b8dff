/** A worker that is told to stop gives back what it runs, says so, and another one takes it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { withStack } from '../support/stack.js'
import { until } from '../support/until.js'

interface Listed {
  readonly items: readonly { readonly workerId: string; readonly status: string; readonly slots: number }[]
}

test('on SIGTERM a worker ends within seconds, its steps are done by the next one, and both are listed', async () => {
  await withMigratedDatabase(async (mysql) => {
    await withStack({ mysql, temporal: temporalAddress() }, async (stack) => {
      const lines = Array.from({ length: 1_500_000 }, (_, id) => `${id},${id % 97}`)
      await writeFile(join(stack.files, 'in.csv'), `id,n\n${lines.join('\n')}\n`)
      const workers = async () => (await stack.request<Listed>('GET', '/api/v1/workers')).body.items
      await until('the worker is listed', async () => (await workers())[0]?.status === 'ALIVE')
      const executionId = await stack.submit({
        name: 'long',
        checkpoint: { interval: '300ms' },
        nodes: [
          { id: 'in', source: 'file', config: { path: 'in.csv' } },
          { id: 'out', sink: 'file', input: 'in', config: { path: 'out', format: 'csv' } },
        ],
      })
      await until('epochs are done', async () => (await stack.execution(executionId)).epochs > 1, { everyMs: 50 })
      const askedMs = Date.now()
      expect(await stack.stopWorker()).toBe(0)
      expect(Date.now() - askedMs).toBeLessThan(6000)
      expect((await stack.execution(executionId)).status).toBe('RUNNING')
      expect((await workers()).map((one) => one.status)).toEqual(['STOPPED'])

      await stack.startWorker()
      const ended = await stack.untilEnded(executionId)
      expect(ended).toMatchObject({
        status: 'COMPLETED',
        restarts: 0,
        records: { read: 1_500_000, written: 1_500_000 },
      })
      expect((await workers()).map((one) => one.status)).toEqual(['ALIVE', 'STOPPED'])
    })
  })
}, 180_000)
