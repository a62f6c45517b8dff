/** Alerts as they run: at once after a failure, each minute by the schedule, and out of the way of executions. */
import { expect, test } from '@jest/globals'
import { Client, Connection } from '@temporalio/client'
import { ALERTS } from '../../core/execution/workflow-names.js'
import { type HttpServer, startHttpServer } from '../support/http-server.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

test('a failure is told at once without the schedule, the schedule tells the rest, and no run waits for a receiver', async () => {
  const hook = await startHttpServer(() => undefined)
  try {
    await withMigratedDatabase(async (mysql) => {
      const run = (stack: Stack) => story(stack, hook, mysql)
      await withStack({ mysql, temporal: temporalAddress() }, run, { ETL_ALLOW_PRIVATE_HOSTS: '127.0.0.1' })
    })
  } finally {
    await hook.close()
  }
}, 180_000)

async function story(stack: Stack, hook: HttpServer, mysql: string): Promise<void> {
  await addRule(stack, hook, 'failures', 'JOB_FAILED')
  await addRule(stack, hook, 'letters', 'DEAD_LETTERS')
  const connection = await Connection.connect({ address: temporalAddress() })
  try {
    const { schedule } = new Client({ connection, namespace: stack.namespace })
    const handle = schedule.getHandle(ALERTS.id)
    await until('the worker has made the schedule', async () => await handle.describe())
    await handle.pause()

    // Nobody answers yet: the run ends all the same.
    const executionId = await stack.submit(BROKEN)
    expect(await stack.untilEnded(executionId)).toMatchObject({ status: 'FAILED' })
    await until('the receiver is asked', async () => hook.asked.length > 0)
    const [first] = bodiesOf(hook)
    expect(first).toMatchObject({ rule: 'failures', kind: 'FIRING', occurrences: 1, alerts: [{ executionId }] })
    hook.answers(() => ({ ok: true }))

    const [{ job_id: jobId } = { job_id: '' }] = (await onServer(mysql, 'SELECT job_id FROM etl_job')) as {
      job_id: string
    }[]
    await onServer(
      mysql,
      `INSERT INTO etl_dead_letter (dead_letter_id, job_id, job_version, execution_id, lineage_id, epoch, operator_id, original_record, error_code, error_message)
       VALUES ('one', '${jobId}', 1, 'e', 'e', 1, 'in', 'x', 'record.bad', 'bad')`,
    )
    await handle.trigger()
    await until(
      'the workflow has told of the bad record',
      async () => bodiesOf(hook).some(({ rule }) => rule === 'letters'),
      {
        withinMs: 60_000,
      },
    )
    await until(
      'what the receiver did not answer has been sent again',
      async () => {
        await handle.trigger()
        return bodiesOf(hook).some(({ rule }) => rule === 'failures')
      },
      { withinMs: 60_000, everyMs: 5000 },
    )
    const again = bodiesOf(hook).find(({ rule }) => rule === 'failures')
    expect(again?.notificationId).toBe(first?.notificationId)
    const alerts = await stack.request<{ items: object[] }>('GET', '/api/v1/alerts?state=OPEN')
    expect(alerts.body.items).toMatchObject([{ type: 'DEAD_LETTERS' }, { type: 'JOB_FAILED', executionId }])
  } finally {
    await connection.close()
  }
}

async function addRule(stack: Stack, hook: HttpServer, name: string, type: string): Promise<void> {
  const channels = [{ type: 'WEBHOOK', url: hook.url, timeout: '3s' }]
  const made = await stack.request('POST', '/api/v1/alert-rules', { name, type, channels, window: '1s' })
  expect(made.status).toBe(201)
}

const BROKEN = {
  name: 'broken',
  restart: { strategy: 'NONE' },
  delivery: 'AT_LEAST_ONCE',
  nodes: [
    { id: 'in', source: 'generator', config: { rows: 10, columns: { word: { kind: 'CHOICE', of: ['a', 'b'] } } } },
    { id: 'number', operator: 'MAP', input: 'in', config: { cast: { word: 'BIGINT' } } },
    { id: 'out', sink: 'blackhole', input: 'number' },
  ],
}

function bodiesOf(hook: HttpServer) {
  return hook.asked.map(({ body }) => JSON.parse(body) as { rule: string; kind: string; notificationId: string })
}
