/** A STREAMING job as a service runs it: files that come while it runs, kills between them, cancel, pause, stop and restart. */
import { execFile } from 'node:child_process'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { onServer, withDatabase, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
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

test('windows are told as time goes on, late records go their own way, and a silent source is not waited for', async () => {
  await withFeed(async ({ stack, target }) => {
    const put = (name: string, lines: readonly string[]) => putText(stack, name, `id,k,ts\n${lines.join('\n')}\n`)
    const minutes = (from: number, to: number) =>
      Array.from(
        { length: to - from },
        (_, n) => `${from + n},${(from + n) % 2},2026-03-01 10:${String(from + n).padStart(2, '0')}:00`,
      )
    const windows = async () =>
      (await onServer(target, 'SELECT k, DATE_FORMAT(window_start, "%H:%i") AS begins, many FROM counts').catch(
        () => [],
      )) as { k: number; begins: string; many: number }[]
    const told = async (records: number) =>
      await until(`windows of ${records} records are told`, async () => {
        const sum = (await windows()).reduce((total, { many }) => total + Number(many), 0)
        return sum === records ? sum : null
      })

    await put('right-0.csv', [])
    await put('left-0.csv', minutes(0, 25))
    const executionId = await stack.submit(windowJob(target))
    // The other source has nothing, and is given up for idle: 10:00 and 10:10 are over, 10:20 is not.
    await told(20)
    await stack.killWorker()
    await put('left-1.csv', ['100,0,2026-03-01 10:03:00', ...minutes(25, 41)])
    await stack.startWorker()
    await told(40)
    const late = await until('the late record is there', async () => {
      const rows = (await onServer(target, 'SELECT id, k FROM late').catch(() => [])) as { id: number; k: number }[]
      return rows.length > 0 ? rows : null
    })
    expect(late).toMatchObject([{ id: 100, k: 0 }])
    expect((await windows()).map(({ k, begins, many }) => `${begins} ${k} ${many}`).sort()).toEqual(
      ['10:00', '10:10', '10:20', '10:30'].flatMap((begins) => [`${begins} 0 5`, `${begins} 1 5`]),
    )
    await stack.request('POST', `/api/v1/executions/${executionId}/cancel`, {})
    expect(await stack.untilEnded(executionId)).toMatchObject({ status: 'CANCELLED', restarts: 0 })
  })
}, 180_000)

interface Feed {
  readonly stack: Stack
  readonly catalogue: string
  readonly target: string
  /** Another file of a hundred records. */
  put(): Promise<void>
  /** All that was put is in the target. */
  arrived(): Promise<void>
  /** How many were put. */
  records(): number
}

async function withFeed(run: (feed: Feed) => Promise<void>): Promise<void> {
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
        const records = () => number * 100
        const arrived = async () => {
          await until(`${records()} records are there`, async () => (await count(target)) >= records())
        }
        await run({ stack, catalogue, target, put, arrived, records })
      })
    })
  })
}

async function etl(stack: Stack, args: readonly string[]): Promise<string> {
  const launcher = fileURLToPath(new URL('../../bin/etl.js', import.meta.url))
  const env = { ...process.env, NODE_OPTIONS: '', ETL_API_URL: stack.url, ETL_TOKEN: stack.token() }
  return (await promisify(execFile)(process.execPath, [launcher, ...args], { env })).stdout
}

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

function windowJob(url: string) {
  const watched = (id: string) => ({
    id,
    source: 'file',
    config: { path: `${id}-*.csv`, watch: true, columns: { id: 'BIGINT', k: 'BIGINT', ts: 'TIMESTAMP' } },
    watermark: { time: 'ts', idleTimeout: '2s' },
  })
  const table = (name: string) => ({ connection: { url }, table: name, createTable: true })
  return {
    name: 'windows',
    type: 'STREAMING',
    checkpoint: { interval: '500ms' },
    nodes: [
      watched('left'),
      watched('right'),
      { id: 'all', operator: 'UNION', inputs: ['left', 'right'], config: {} },
      {
        id: 'tens',
        operator: 'WINDOW',
        input: 'all',
        config: { type: 'TUMBLING', size: '10m', groupBy: ['k'], aggregates: { many: 'count(*)' } },
      },
      { id: 'counts', sink: 'jdbc', input: 'tens', config: table('counts') },
      { id: 'late', sink: 'jdbc', input: 'tens.late', config: table('late') },
    ],
  }
}

async function putFile(stack: Stack, name: string, ids: readonly number[]): Promise<void> {
  await putText(stack, name, `id,k\n${ids.map((id) => `${id},${id % 4}`).join('\n')}\n`)
}

/** A file appears whole. */
async function putText(stack: Stack, name: string, text: string): Promise<void> {
  const hidden = join(stack.files, `.${name}`)
  await writeFile(hidden, text)
  await rename(hidden, join(stack.files, name))
}

async function count(url: string): Promise<number> {
  const rows = (await onServer(url, 'SELECT COUNT(*) AS n FROM seen').catch(() => [])) as { n: number }[]
  return rows[0]?.n ?? 0
}
