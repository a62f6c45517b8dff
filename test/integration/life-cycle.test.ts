/** The life of a STREAMING job beyond pause and stop: drained, stopped in the middle, forked, and changed while its state goes on. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { createConnection } from 'mysql2/promise'
import { count, etl, type Feed, fedLines, withFeed } from '../support/feed.js'
import { onServer } from '../support/lend.js'
import { until } from '../support/until.js'

test('it is stopped in the middle of an epoch, restarted, drained for good, and forked from before', async () => {
  await withFeed(async (feed) => {
    const { stack, target, put, arrived, records } = feed
    await put()
    const first = await stack.submit(job(target))
    await arrived()
    await complete(feed, first)

    // A writer that cannot go on: nothing of the epoch is visible, so its plan is given up.
    const free = await holdBack(target, 'seen')
    await put()
    await untilWriting(feed, 2)
    const stop = await ask(feed, first, 'savepoints', { stop: true, now: true })
    expect(stop).toMatchObject({ status: 202, body: { status: 'COMPLETED', done: true } })
    await free()
    expect(await count(target)).toBe(100)
    expect(await eventsOf(feed, first)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^PLAN_DROPPED Epoch 2 is given up/),
        expect.stringMatching(/^SAVEPOINT_COMPLETED Epoch 1 is kept as savepoint .* as admin asked/),
        expect.stringMatching(/^COMPLETED .* stopped with a savepoint, as admin asked/),
      ]),
    )

    const { body: again } = await ask(feed, first, 'restart')
    await arrived()
    await complete(feed, again.executionId)
    const epochs = await epochsOf(feed)
    expect(epochs.filter(({ epoch }) => epoch === 2)).toMatchObject([{ status: 'DROPPED' }])
    expect(epochs.find(({ epoch }) => epoch === 3)).toMatchObject({ status: 'COMPLETED' })

    const drained = JSON.parse(await etl(stack, ['savepoint', again.executionId, '--drain', '--json'])) as Asked
    expect(drained).toMatchObject({ status: 'COMPLETED', done: true })
    expect(await ask(feed, again.executionId, 'restart')).toMatchObject({
      status: 409,
      body: { code: 'conflict', detail: expect.stringContaining('--drain'), hint: expect.stringContaining('etl fork') },
    })
    const notFromThere = await stack.request('POST', `/api/v1/checkpoints/${drained.checkpointId}/fork`, {})
    expect(notFromThere).toMatchObject({ status: 409 })
    expect(await count(target)).toBe(records())

    // What came after the savepoint, the second file, is written again.
    const forked = JSON.parse(
      await etl(stack, ['fork', '--checkpoint', stop.body.checkpointId ?? '', '--json']),
    ) as Asked & { notice: string; epoch: number; lineageId: string }
    expect(forked).toMatchObject({ epoch: 1, notice: expect.stringContaining('Epochs after 1 are written again') })
    await until('it is written again', async () => (await count(target)) === 300)
    const told = await eventsOf(feed, forked.executionId)
    expect(told[0]).toMatch(
      /^SUBMITTED Accepted: fork of checkpoint .* as admin asked. Epochs after 1 are written again/,
    )
    expect(await eventsOf(feed, first)).toContainEqual(expect.stringMatching(/^FORKED .* as admin asked/))
    expect(await ask(feed, forked.executionId, 'savepoints', { stop: true })).toMatchObject({ status: 202 })
    const { body: audit } = await stack.request<{ items: { operationType: string }[] }>('GET', '/api/v1/operation-logs')
    expect(audit.items.map(({ operationType }) => operationType)).toEqual(
      expect.arrayContaining(['FORK_CHECKPOINT', 'RESTART_EXECUTION', 'SAVEPOINT_EXECUTION']),
    )
  })
}, 120_000)

test('restarted with another version, an epoch that a sink shows is finished as it was planned, any other is planned anew', async () => {
  await withFeed(async (feed) => {
    const { stack, target, put, arrived } = feed
    await onServer(target, 'CREATE TABLE copied (id BIGINT)')
    await put()
    const first = await stack.submit(job(target))
    await arrived()
    await complete(feed, first)

    // The first sink shows epoch 2, the second cannot: the new filter must not touch it.
    const free = await holdBack(target, 'copied')
    await put()
    await arrived()
    await cancel(feed, first)
    await save(feed, job(target, { where: 'id < 100 OR id >= 200', parallelism: 2 }))
    const second = await restart(feed, first)
    await free()
    await until('the second sink has it too', async () => (await count(target, 'copied')) === 200)
    const isPreparedAnew = /^RESTORED .*epoch 2 /
    await until('it goes on with version 2', async () =>
      (await eventsOf(feed, second)).some((one) => isPreparedAnew.test(one)),
    )
    const finishedFirst = /^RESTORED .*epoch 1 .* finished first, with version 1/
    expect(await eventsOf(feed, second)).toContainEqual(expect.stringMatching(finishedFirst))

    // Neither shows epoch 3: it is planned anew, for the version after that.
    const freeFirst = await holdBack(target, 'seen')
    await put()
    await untilWriting(feed, 3)
    await cancel(feed, second)
    await freeFirst()
    await save(feed, job(target, { where: 'id % 2 = 0', parallelism: 1 }))
    const third = await restart(feed, second)
    await until('every second record', async () => (await count(target, 'copied')) === 250)
    await complete(feed, third)
    expect(await onServer(target, 'SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d FROM seen')).toMatchObject([
      { n: 250, d: 250 },
    ])
    expect(await eventsOf(feed, third)).toContainEqual(expect.stringMatching(/^PLAN_DROPPED Epoch 3/))
    expect(await stack.execution(third)).toMatchObject({ jobVersion: 3, records: { read: 100, written: 100 } })

    // A source that is gone is no small matter.
    await cancel(feed, third)
    await save(feed, job(target, { source: 'rows' }))
    const refused = await ask(feed, third, 'restart')
    expect(refused).toMatchObject({
      status: 409,
      body: {
        code: 'state.unfit',
        errors: [{ nodeId: 'lines', hint: expect.stringContaining('--allow-non-restored-state') }],
      },
    })
    const anew = await restart(feed, third, { allowNonRestoredState: true })
    // From the beginning, as a source that is new.
    await until('all of it again', async () => (await count(target, 'copied')) === 550)
    expect(await eventsOf(feed, anew)).toContainEqual(expect.stringMatching(/^RESTORED .*Left behind: .*lines/))
    await cancel(feed, anew)
  })
}, 120_000)

test('apply --keep-state goes on with the new version from a savepoint, and again changes nothing', async () => {
  await withFeed(async (feed) => {
    const { stack, target, put, arrived } = feed
    await put()
    const first = await stack.submit(job(target))
    await arrived()
    await complete(feed, first)
    const file = join(stack.logs, 'job.yaml')
    await writeFile(file, JSON.stringify(job(target, { where: 'id % 2 = 0' })))
    const apply = async () => JSON.parse(await etl(stack, ['apply', file, '--keep-state', '--json'])) as Applied
    const { takenOver } = await apply()
    expect(takenOver).toMatchObject([{ name: 'changing', from: first, version: 2 }])
    expect(await stack.execution(first)).toMatchObject({ status: 'COMPLETED' })
    expect((await apply()).takenOver).toEqual([])
    await put()
    await until('every second of the new ones', async () => (await count(target)) === 150)
    const to = takenOver[0]?.to ?? ''
    await complete(feed, to)
    expect(await stack.execution(to)).toMatchObject({ status: 'RUNNING', jobVersion: 2, records: { read: 100 } })

    // Interrupted after the new one was accepted, and asked again: the one that waits is the answer.
    await stack.killWorker()
    await save(feed, job(target, { where: 'id % 4 = 0' }))
    const accepted: string[] = []
    for (const _ of [1, 2]) {
      const { body } = await ask(feed, to, 'restart', { stop: true })
      if (body.executionId !== undefined) accepted.push(body.executionId)
    }
    await stack.startWorker()
    const { body: last } = await ask(feed, to, 'restart', { stop: true })
    await until('it has been taken over', async () => (await stack.execution(to)).status === 'COMPLETED')
    const { body } = await stack.request<{ items: { executionId: string }[] }>('GET', '/api/v1/executions')
    expect(body.items).toHaveLength(3)
    expect(
      [...accepted, last.executionId].filter((id) => id !== undefined && id !== body.items[0]?.executionId),
    ).toEqual([])
    await put()
    await until('every fourth', async () => (await count(target)) === 175)
    await cancel(feed, body.items[0]?.executionId ?? '')
  })
}, 120_000)

test('state goes on at another parallelism and in a fork, whatever its first lineage has given up since', async () => {
  await withFeed(async (feed) => {
    const { stack, catalogue, target, put } = feed
    await onServer(
      catalogue,
      "UPDATE etl_system_config SET config_value = '0' WHERE config_key = 'checkpoint.grace_seconds'",
    )
    await onServer(target, 'CREATE TABLE sums (k BIGINT PRIMARY KEY, n BIGINT)')
    const counted = async () =>
      Number(((await onServer(target, 'SELECT SUM(n) AS n FROM sums')) as { n: string }[])[0]?.n)
    const sums = async (n: number) => await until(`${n} are counted`, async () => (await counted()) === n)
    await put()
    const first = await stack.submit(sumsOf(target, 1))
    await sums(100)
    await complete(feed, first)
    const { body: kept } = await ask(feed, first, 'savepoints', { stop: true })
    await save(feed, sumsOf(target, 3))
    const second = await restart(feed, first)
    await put()
    await sums(200)
    await put()
    await sums(300)
    expect(await onServer(target, 'SELECT COUNT(*) AS n, MIN(n) AS least FROM sums')).toEqual([{ n: 4, least: 75 }])
    await cancel(feed, second)
    expect(await stack.execution(second)).toMatchObject({ jobVersion: 2, restarts: 0 })

    // From the first hundred on: the state of the old lineage is the fork's, at three subtasks.
    const { body: forked } = await stack.request<Asked>('POST', `/api/v1/checkpoints/${kept.checkpointId}/fork`, {})
    await complete(feed, forked.executionId)
    await sums(300)
    await put()
    await sums(400)
    await cancel(feed, forked.executionId)
  })
}, 120_000)

test('an epoch that takes longer than checkpoint.timeout is tried again with the same plan, within tolerableFailures', async () => {
  await withFeed(async (feed) => {
    const { stack, target, put, arrived, records } = feed
    await put()
    const checkpoint = { interval: '500ms', timeout: '2s', tolerableFailures: 5, retained: 1 }
    const executionId = await stack.submit({ ...job(target), checkpoint, restart: { strategy: 'NONE' } })
    await arrived()
    await complete(feed, executionId)
    const free = await holdBack(target, 'seen')
    await put()
    await until('it took too long', async () =>
      (await eventsOf(feed, executionId)).some((one) => /^CHECKPOINT_FAILED .*checkpoint.timeout/.test(one)),
    )
    await free()
    await arrived()
    await until('both are complete', async () => (await count(target, 'copied')) === records())
    expect(await count(target)).toBe(records())
    await until('it runs on', async () => (await stack.execution(executionId)).status === 'RUNNING')
    await cancel(feed, executionId)
  })
}, 120_000)

interface Asked {
  readonly executionId: string
  readonly status: string
  readonly done: boolean
  readonly checkpointId: string | null
}

interface Applied {
  readonly takenOver: readonly { readonly name: string; readonly from: string; readonly to: string }[]
}

async function ask({ stack }: Feed, executionId: string, what: string, body: object = {}) {
  return await stack.request<Asked>('POST', `/api/v1/executions/${executionId}/${what}`, body)
}

/** An epoch of it. */
async function complete({ stack }: Feed, executionId: string): Promise<void> {
  await until('an epoch is complete', async () => (await stack.execution(executionId)).epochs > 0)
}

async function cancel({ stack }: Feed, executionId: string): Promise<void> {
  await stack.request('POST', `/api/v1/executions/${executionId}/cancel`, {})
  expect(await stack.untilEnded(executionId)).toMatchObject({ status: 'CANCELLED' })
}

async function restart(feed: Feed, executionId: string, body: object = {}): Promise<string> {
  const answer = await ask(feed, executionId, 'restart', body)
  expect(answer).toMatchObject({ status: 202 })
  return answer.body.executionId
}

/** The newest version of the job. */
async function save({ stack }: Feed, spec: object): Promise<void> {
  const { body } = await stack.request<{ items: { jobId: string; version: number }[] }>('GET', '/api/v1/jobs')
  const { jobId, version } = body.items[0]!
  expect(await stack.request('PUT', `/api/v1/jobs/${jobId}`, { ...spec, version })).toMatchObject({ status: 200 })
}

async function eventsOf({ stack }: Feed, executionId: string): Promise<string[]> {
  const path = `/api/v1/executions/${executionId}/events?limit=500`
  const { body } = await stack.request<{ items: { type: string; message: string }[] }>('GET', path)
  return body.items.map(({ type, message }) => `${type} ${message}`)
}

async function epochsOf({ catalogue }: Feed) {
  const sql = 'SELECT epoch, checkpoint_type AS type, checkpoint_status AS status FROM etl_checkpoint ORDER BY epoch'
  return (await onServer(catalogue, sql)) as { epoch: number; type: string; status: string }[]
}

/** Nobody can insert into the table until what this answers is called. */
async function holdBack(target: string, table: string): Promise<() => Promise<void>> {
  const connection = await createConnection({ uri: target })
  await connection.query('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ')
  await connection.query('START TRANSACTION')
  await connection.query(`SELECT * FROM ${table} FOR UPDATE`)
  return async () => await connection.end()
}

/** A writer of the epoch has the fence. */
async function untilWriting({ target }: Feed, epoch: number): Promise<void> {
  const sql = `SELECT 1 FROM etl_sink_progress WHERE fence_epoch = ${epoch}`
  await until(`epoch ${epoch} is being written`, async () => ((await onServer(target, sql)) as unknown[]).length > 0)
}

function job(url: string, change: { where?: string; parallelism?: number; source?: string } = {}) {
  const { where = 'id >= 0', parallelism = 1, source = 'lines' } = change
  return {
    name: 'changing',
    type: 'STREAMING',
    parallelism,
    checkpoint: { interval: '500ms', retained: 2 },
    nodes: [
      {
        id: source,
        source: 'file',
        config: { path: 'in-*.csv', watch: true, columns: { id: 'BIGINT', k: 'BIGINT' } },
      },
      { id: 'some', operator: 'FILTER', input: source, config: { where } },
      { id: 'seen', sink: 'jdbc', input: 'some', config: { connection: { url }, table: 'seen', createTable: true } },
      { id: 'ids', operator: 'MAP', input: 'some', config: { select: ['id'] } },
      {
        id: 'copied',
        sink: 'jdbc',
        input: 'ids',
        chaining: 'NEVER',
        config: { connection: { url }, table: 'copied', createTable: true },
      },
    ],
  }
}

function sumsOf(url: string, parallelism: number) {
  return {
    name: 'summing',
    type: 'STREAMING',
    checkpoint: { interval: '500ms', retained: 1 },
    nodes: [
      fedLines,
      {
        id: 'sums',
        operator: 'AGGREGATE',
        input: 'lines',
        parallelism,
        config: { groupBy: ['k'], aggregates: { n: 'count(*)' } },
      },
      {
        id: 'out',
        sink: 'jdbc',
        input: 'sums',
        config: { connection: { url }, table: 'sums', mode: 'UPSERT', key: ['k'] },
      },
    ],
  }
}
