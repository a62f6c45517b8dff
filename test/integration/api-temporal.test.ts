/** Accepted executions reach Temporal: at once, or once it is back. */
import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client, Connection, type WorkflowHandle } from '@temporalio/client'
import type { Reconciled } from '../../api/reconcile.js'
import { openStarter, type StarterOptions } from '../../api/starter.js'
import { openTemporal } from '../../api/temporal.js'
import { workflowIdOf } from '../../core/execution/workflow-names.js'
import { type LentApi, withApi } from '../support/api.js'

const address = process.env.ETL_TEST_TEMPORAL_ADDRESS ?? ''
/** Of its own, so that no worker of another test takes what is started here. */
const namespace = `api-${randomBytes(4).toString('hex')}`
let connection: Connection
let client: Client

beforeAll(async () => {
  if (address === '') throw new Error('ETL_TEST_TEMPORAL_ADDRESS is not set: this test needs a Temporal server.')
  connection = await Connection.connect({ address })
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  })
  client = new Client({ connection, namespace })
  const temporal = openTemporal({ address, namespace })
  // The server learns of a new namespace within seconds.
  await eventually(async () => await temporal.probe())
  await eventually(async () => await temporal.registerSearchAttributes())
  await temporal.close()
}, 60_000)

afterAll(async () => {
  await connection?.operatorService.deleteNamespace({ namespace })
  await connection?.close()
})

async function eventually<T>(ask: () => Promise<T>): Promise<T> {
  const until = Date.now() + 20_000
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (Date.now() > until) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}

const later = { nowMs: () => Date.now() + 120_000 }

async function withReconciler(
  api: LentApi,
  options: StarterOptions,
  run: (reconcile: () => Promise<Reconciled>) => Promise<void>,
): Promise<void> {
  await api.deps.starter.close()
  const temporal = openTemporal({ address, namespace })
  const starter = openStarter(temporal, api.deps.executions, api.deps.log, options)
  try {
    await run(starter.reconcile)
  } finally {
    await starter.close()
    await temporal.close()
  }
}

async function isAskedToCancel(handle: WorkflowHandle): Promise<boolean> {
  const { events } = await handle.fetchHistory()
  return (events ?? []).some((event) => (event.workflowExecutionCancelRequestedEventAttributes ?? null) !== null)
}

async function start(api: LentApi, name = 'copy') {
  await writeFile(join(api.folder, 'in.csv'), 'id\n1\n')
  const nodes = [
    { id: 'in', source: 'file', config: { path: 'in.csv' } },
    { id: 'out', sink: 'file', input: 'in', config: { path: 'out', format: 'csv' } },
  ]
  const { jobId } = (await api.call('post', '/jobs').send({ name, nodes }).expect(201)).body
  const { executionId } = (await api.call('post', `/jobs/${jobId}/executions`).send({}).expect(202)).body
  return { executionId, handle: client.workflow.getHandle(workflowIdOf(jobId, executionId)) }
}

describe('an accepted execution', () => {
  test('is started as its workflow with its id and its search attributes', async () => {
    await withApi({ temporal: { address, namespace } }, async (api) => {
      await eventually(async () => await api.deps.probes.temporal?.())
      const { executionId, handle } = await start(api)
      const found = await eventually(async () => await handle.describe())
      expect(found).toMatchObject({ type: 'jobExecution', taskQueue: 'etl-control', status: { name: 'RUNNING' } })
      const { events } = await handle.fetchHistory()
      const input = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data
      expect(JSON.parse(Buffer.from(input ?? '').toString())).toEqual({ executionId })
      // Not admitted yet: it is cancelled here and now, and admission would turn its workflow away.
      const { body } = await api.call('post', `/executions/${executionId}/cancel`).expect(202)
      expect(body.status).toBe('CANCELLED')
      await handle.terminate()
    })
  }, 60_000)

  test('is cancelled through its workflow once a worker has taken it', async () => {
    await withApi({ temporal: { address, namespace } }, async (api) => {
      const { executionId, handle } = await start(api)
      await eventually(async () => await handle.describe())
      await api.database.execute(
        "UPDATE etl_job_execution SET workflow_id = :workflowId, execution_status = 'RUNNING', generation = 1",
        {
          workflowId: handle.workflowId,
        },
      )
      expect((await api.call('post', `/executions/${executionId}/cancel`).expect(202)).body.status).toBe('RUNNING')
      const { events } = await handle.fetchHistory()
      expect(
        events?.some(
          (event) =>
            event.workflowExecutionCancelRequestedEventAttributes !== null &&
            event.workflowExecutionCancelRequestedEventAttributes !== undefined,
        ),
      ).toBe(true)
      await handle.terminate()
    })
  }, 60_000)

  test('that was to be cancelled while Temporal was away is cancelled once it is back', async () => {
    await withApi({}, async (api) => {
      const { executionId, handle } = await start(api)
      await client.workflow.start('jobExecution', {
        workflowId: handle.workflowId,
        taskQueue: 'etl-control',
        args: [{ executionId }],
      })
      await api.database.execute(
        "UPDATE etl_job_execution SET workflow_id = :workflowId, execution_status = 'RUNNING', generation = 1",
        { workflowId: handle.workflowId },
      )
      expect((await api.call('post', `/executions/${executionId}/cancel`).expect(202)).body.status).toBe('RUNNING')
      expect(api.logged.join()).toContain('will be carried out later')
      await withReconciler(api, {}, async (reconcile) => {
        expect((await reconcile()).cancelled).toBe(1)
        expect(await isAskedToCancel(handle)).toBe(true)
        // It never ends by itself here; once it is closed, so is the row, as was asked.
        await handle.terminate()
      })
      await withReconciler(api, later, async (reconcile) => {
        // Temporal lists a workflow for a moment after it has ended.
        await eventually(async () => expect((await reconcile()).closed).toBe(1))
      })
      expect((await api.deps.executions.get(executionId)).status).toBe('CANCELLED')
    })
  }, 60_000)

  test('whose workflow was terminated, or is not known to Temporal, is closed as FAILED and says why', async () => {
    await withApi({}, async (api) => {
      const terminated = await start(api)
      const unknown = await start(api, 'other')
      await client.workflow.start('jobExecution', {
        workflowId: terminated.handle.workflowId,
        taskQueue: 'etl-control',
        args: [{ executionId: terminated.executionId }],
      })
      await api.database.execute(
        "UPDATE etl_job_execution SET workflow_id = CONCAT('etl-job/', job_id, '/', execution_id), execution_status = 'RUNNING', generation = 1",
      )
      await api.database.execute(
        'UPDATE etl_lineage l JOIN etl_job_execution e USING (lineage_id) SET l.owner_execution_id = e.execution_id, l.generation = 1',
      )
      await withReconciler(api, later, async (reconcile) => {
        expect((await reconcile()).closed).toBe(1)
        expect((await api.deps.executions.get(terminated.executionId)).status).toBe('RUNNING')
        await terminated.handle.terminate()
      })
      await withReconciler(api, {}, async (reconcile) => {
        // Within the first minute it may be about to say so itself.
        expect((await reconcile()).closed).toBe(0)
      })
      await withReconciler(api, later, async (reconcile) => {
        await eventually(async () => expect((await reconcile()).closed).toBe(1))
        expect((await reconcile()).closed).toBe(0)
      })
      for (const { executionId } of [terminated, unknown]) {
        const { body } = await api.call('get', `/executions/${executionId}`).expect(200)
        expect(body).toMatchObject({ status: 'FAILED', error: { code: 'workflow.lost' } })
        const events = await api.deps.executions.events(executionId, { limit: 50 })
        expect(events.at(-1)).toMatchObject({ type: 'FAILED', level: 'ERROR', code: 'workflow.lost' })
      }
    })
  }, 60_000)

  test('that was deleted leaves no workflow running', async () => {
    await withApi({}, async (api) => {
      const { executionId } = await start(api)
      const startFor = async (id: string) =>
        await client.workflow.start('jobExecution', {
          workflowId: workflowIdOf('some-job', id),
          taskQueue: 'etl-control',
          args: [{ executionId: id }],
        })
      const orphan = await startFor(`gone-${randomBytes(4).toString('hex')}`)
      const kept = await startFor(executionId)
      await withReconciler(api, later, async (reconcile) => {
        // Temporal lists a workflow a moment after it began.
        await eventually(async () => {
          await reconcile()
          expect(await isAskedToCancel(orphan)).toBe(true)
        })
      })
      expect(await isAskedToCancel(kept)).toBe(false)
      await Promise.all([orphan.terminate(), kept.terminate()])
    })
  }, 60_000)

  test('that Temporal was away for is started by the reconciler, and only once', async () => {
    await withApi({}, async (api) => {
      const { handle } = await start(api)
      await api.deps.starter.close()
      const temporal = openTemporal({ address, namespace })
      const starter = openStarter(temporal, api.deps.executions, api.deps.log)
      try {
        expect((await starter.reconcile()).started).toBe(0)
        await api.database.execute('UPDATE etl_job_execution SET create_time = :past', {
          past: new Date(Date.now() - 10_000),
        })
        expect((await starter.reconcile()).started).toBe(1)
        const first = await handle.describe()
        await starter.reconcile()
        expect((await handle.describe()).runId).toBe(first.runId)
        await handle.terminate()
      } finally {
        await starter.close()
        await temporal.close()
      }
      expect(api.logged.join()).toContain('temporal.away')
    })
  }, 60_000)
})
