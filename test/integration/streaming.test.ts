/** A STREAMING job as a service runs it: files that come while it runs, kills between them, cancel, pause, stop and restart. */
import { expect, test } from '@jest/globals'
import { count, etl, fedLines, withFeed } from '../support/feed.js'
import { onServer } from '../support/lend.js'
import { until } from '../support/until.js'

test('every record of files that come while the job runs is written once', async () => {
  await withFeed(async ({ stack, target, put, arrived, records }) => {
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
    // A cancel reaches it, idle or not, and the lineage goes on where it stood.
    await stack.request('POST', `/api/v1/executions/${executionId}/cancel`, {})
    expect(await stack.untilEnded(executionId)).toMatchObject({ status: 'CANCELLED' })
    await put()
    const { body } = await stack.request<{ executionId: string }>(
      'POST',
      `/api/v1/executions/${executionId}/restart`,
      {},
    )
    await arrived()
    expect(
      await onServer(target, 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d, SUM(id) AS s FROM seen'),
    ).toMatchObject([{ n: records(), d: records(), s: String(((records() - 1) * records()) / 2) }])
    await stack.request('POST', `/api/v1/executions/${body.executionId}/cancel`, {})
    expect(await stack.untilEnded(body.executionId)).toMatchObject({ status: 'CANCELLED', restarts: 0 })
  })
}, 180_000)

test('it is paused through a lost worker, resumed, stopped with a savepoint and restarted, and loses and doubles nothing', async () => {
  await withFeed(async ({ stack, catalogue, target, put, arrived, records }) => {
    const ask = async (executionId: string, what: string, body: object = {}) =>
      await stack.request<Asked>('POST', `/api/v1/executions/${executionId}/${what}`, body)
    await put()
    const executionId = await stack.submit(job(target))
    await arrived()

    expect(await ask(executionId, 'resume')).toMatchObject({ status: 409, body: { code: 'conflict' } })
    expect(await ask(executionId, 'pause')).toMatchObject({ status: 202, body: { status: 'PAUSED', done: true } })
    await stack.killWorker()
    await put()
    await stack.startWorker()
    const kept = await until('a new worker answers', async () => {
      const { status, body } = await ask(executionId, 'savepoints')
      return status === 202 ? body : null
    })
    expect(kept).toMatchObject({ status: 'PAUSED', done: true, checkpointId: expect.any(String) })
    expect(await count(target)).toBe(100)
    expect(await onServer(catalogue, 'SELECT job_status FROM etl_job')).toEqual([{ job_status: 'RUNNING' }])
    expect(await ask(executionId, 'resume')).toMatchObject({ status: 202, body: { status: 'RUNNING', done: true } })
    await arrived()

    await put()
    const stop = await ask(executionId, 'savepoints', { stop: true })
    expect(stop).toMatchObject({ status: 202, body: { status: 'COMPLETED', done: true } })
    expect(stop.body.checkpointId).not.toBe(kept.checkpointId)
    expect(await ask(executionId, 'pause')).toMatchObject({ status: 409 })
    expect(await onServer(catalogue, 'SELECT * FROM etl_trigger_event')).toEqual([])
    const { body: events } = await stack.request<{ items: { type: string; message: string }[] }>(
      'GET',
      `/api/v1/executions/${executionId}/events?limit=500`,
    )
    const types = events.items.map(({ type }) => type)
    expect(types).toEqual(expect.arrayContaining(['PAUSED', 'RESUMED', 'SAVEPOINT_COMPLETED', 'COMPLETED']))
    expect(events.items.at(-1)?.message).toMatch(/stopped with a savepoint/)

    await put()
    const { body: again } = await ask(executionId, 'restart')
    await arrived()
    const last = JSON.parse(await etl(stack, ['savepoint', again.executionId, '--stop', '--json'])) as Asked
    expect(last).toMatchObject({ status: 'COMPLETED', done: true })
    expect(await onServer(target, 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d FROM seen')).toMatchObject([
      { n: records(), d: records() },
    ])
    // One periodic checkpoint is retained; savepoints all are, with what they name.
    const held = 'SELECT checkpoint_id FROM etl_checkpoint c WHERE checkpoint_type = %t AND NOT state_discarded'
    expect(await onServer(catalogue, held.replace('%t', "'PERIODIC'"))).toHaveLength(1)
    const savepoints = await onServer(
      catalogue,
      `SELECT c.checkpoint_id AS id, COUNT(*) > 0 AS hasState FROM etl_checkpoint c
             JOIN etl_operator_state s ON s.checkpoint_id = c.checkpoint_id AND s.state_path IS NOT NULL
            WHERE c.checkpoint_type = 'SAVEPOINT' AND NOT c.state_discarded GROUP BY c.checkpoint_id, c.epoch ORDER BY c.epoch`,
    )
    const ids = [kept, stop.body, last].map(({ checkpointId }) => ({ id: checkpointId, hasState: 1 }))
    expect(savepoints).toEqual(ids)
  })
}, 180_000)

interface Asked {
  readonly executionId: string
  readonly status: string
  readonly done: boolean
  readonly checkpointId: string | null
}

function job(url: string) {
  return {
    name: 'streaming',
    type: 'STREAMING',
    checkpoint: { interval: '500ms', retained: 1 },
    nodes: [
      fedLines,
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
