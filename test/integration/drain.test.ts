/** A worker that is told to stop gives back what it runs, says so, and another one takes it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { Client, Connection } from '@temporalio/client'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

interface Listed {
  readonly items: readonly { readonly workerId: string; readonly status: string; readonly slots: number }[]
}

const records = 4_000_000

test('on SIGTERM a worker ends within seconds, and the step it was in the middle of is done by the next one', async () => {
  await withMigratedDatabase(async (mysql) => {
    // The whole file is one epoch: one step, seconds long.
    await onServer(
      mysql,
      "UPDATE etl_system_config SET config_value = '1000000000' WHERE config_key LIKE 'executor.first_epoch_%'",
    )
    await withStack({ mysql, temporal: temporalAddress() }, async (stack) => {
      const workers = async () => (await stack.request<Listed>('GET', '/api/v1/workers')).body.items
      await until('the worker is listed', async () => (await workers())[0]?.status === 'ALIVE')
      const executionId = await submitLoad(stack, mysql)
      await until('it is in the middle of it', async () => (await stack.execution(executionId)).records.read > 0, {
        everyMs: 20,
      })
      const askedMs = Date.now()
      expect(await stack.stopWorker()).toBe(0)
      expect(Date.now() - askedMs).toBeLessThan(6000)
      expect(await stack.execution(executionId)).toMatchObject({ status: 'RUNNING', epochs: 0 })
      expect((await workers()).map((one) => one.status)).toEqual(['STOPPED'])

      await stack.startWorker()
      expect(await stack.untilEnded(executionId)).toMatchObject({
        status: 'COMPLETED',
        restarts: 0,
        records: { read: records, written: records },
      })
      expect(await onServer(mysql, 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM target')).toMatchObject([
        { n: records, ids: records },
      ])
      expect(await givenBack(stack)).toContain('worker.lost')
      expect((await workers()).map((one) => one.status)).toEqual(['ALIVE', 'STOPPED'])
    })
  })
}, 180_000)

async function submitLoad(stack: Stack, mysql: string): Promise<string> {
  const lines = Array.from({ length: records }, (_, id) => `${id},${id % 97}`)
  await writeFile(join(stack.files, 'in.csv'), `id,n\n${lines.join('\n')}\n`)
  await onServer(mysql, 'CREATE TABLE target (id BIGINT NOT NULL, n BIGINT)')
  return await stack.submit({
    name: 'long',
    nodes: [
      { id: 'in', source: 'file', config: { path: 'in.csv' } },
      { id: 'out', sink: 'jdbc', input: 'in', config: { connection: { url: mysql }, table: 'target' } },
    ],
  })
}

/** Why steps had to be begun again, as Temporal noted it. */
async function givenBack({ namespace }: Stack): Promise<readonly string[]> {
  const connection = await Connection.connect({ address: temporalAddress() })
  try {
    const client = new Client({ connection, namespace })
    const reasons: string[] = []
    for await (const { workflowId } of client.workflow.list()) {
      const { events } = await client.workflow.getHandle(workflowId).fetchHistory()
      for (const event of events ?? []) {
        const type = event.activityTaskStartedEventAttributes?.lastFailure?.applicationFailureInfo?.type
        if (typeof type === 'string') reasons.push(type)
      }
    }
    return reasons
  } finally {
    await connection.close()
  }
}
