/** A worker that is told to stop ends what it runs in time or gives it back, says so, and another one goes on. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { Client, Connection } from '@temporalio/client'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

interface Listed {
  readonly items: readonly { readonly status: string }[]
}

const records = 4_000_000

test('on SIGTERM a worker ends within seconds, and the step it was in the middle of is done by the next one', async () => {
  await inTheMiddleOfAStep({}, async ({ stack, executionId, mysql }) => {
    const askedMs = Date.now()
    expect(await stack.stopWorker()).toBe(0)
    expect(Date.now() - askedMs).toBeLessThan(6000)
    await goesOnElsewhere(stack, executionId, mysql)
    expect(await givenBack(stack)).toContain('worker.lost')
  })
}, 400_000)

test('a step that ends within ETL_WORKER_DRAIN_TIMEOUT is not given back: the next worker commits what it has done', async () => {
  await inTheMiddleOfAStep({ ETL_WORKER_DRAIN_TIMEOUT: '5m' }, async ({ stack, executionId, mysql }) => {
    expect(await stack.stopWorker()).toBe(0)
    await goesOnElsewhere(stack, executionId, mysql)
    expect(await givenBack(stack)).toEqual([])
  })
}, 400_000)

interface Middle {
  readonly stack: Stack
  readonly executionId: string
  readonly mysql: string
}

async function inTheMiddleOfAStep(extra: NodeJS.ProcessEnv, run: (middle: Middle) => Promise<void>): Promise<void> {
  await withMigratedDatabase(async (mysql) => {
    // The whole file is one epoch: one step, seconds long.
    await onServer(
      mysql,
      "UPDATE etl_system_config SET config_value = '1000000000' WHERE config_key LIKE 'executor.first_epoch_%'",
    )
    const lent = async (stack: Stack) => {
      await until('the worker is listed', async () => (await statuses(stack))[0] === 'ALIVE')
      const executionId = await submitLoad(stack, mysql)
      await until('it is in the middle of it', async () => (await stack.execution(executionId)).records.read > 0, {
        everyMs: 20,
      })
      await run({ stack, executionId, mysql })
    }
    await withStack({ mysql, temporal: temporalAddress() }, lent, extra)
  })
}

async function goesOnElsewhere(stack: Stack, executionId: string, mysql: string): Promise<void> {
  expect(await stack.execution(executionId)).toMatchObject({ status: 'RUNNING', epochs: 0 })
  expect(await statuses(stack)).toEqual(['STOPPED'])
  await stack.startWorker()
  expect(await stack.untilEnded(executionId)).toMatchObject({
    status: 'COMPLETED',
    restarts: 0,
    records: { read: records, written: records },
  })
  expect(await onServer(mysql, 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS ids FROM target')).toMatchObject([
    { n: records, ids: records },
  ])
  expect(await statuses(stack)).toEqual(['ALIVE', 'STOPPED'])
}

async function statuses(stack: Stack): Promise<readonly string[]> {
  const { body } = await stack.request<Listed>('GET', '/api/v1/workers')
  return body.items.map(({ status }) => status)
}

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
