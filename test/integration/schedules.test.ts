/** Schedules as a service runs them: API, worker and Temporal as they are. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { etl, fedLines, withFeed } from '../support/feed.js'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

interface Run {
  readonly id: string
  readonly trigger: string
  readonly logicalTime: Date
  readonly status: string
  readonly workflowId: string
  readonly parameters: string
}

interface Schedule {
  readonly scheduleId: string
  readonly version: number
  readonly isEnabled: boolean
  readonly fireCount: number
  readonly nextFireTime: string | null
  readonly lastExecutionId: string | null
  readonly lastDecision: { readonly decision: string; readonly message: string } | null
}

// Each has servers of its own, and mostly waits.
test.concurrent('a job runs at its times, each once; it is paused, goes on, is started out of turn, changed, and its past is filled', async () => {
  await withCatalogue(async (stack, catalogue) => {
    await writeFile(join(stack.files, 'in.csv'), 'id\n1\n2\n')
    const spec = copyJob('often', {
      type: 'CRON',
      cron: '0/4 * * * * ?',
      catchUp: 'NONE',
      parameters: { at: '${logicalTime}' },
    })
    const { jobId } = (await stack.request('POST', '/api/v1/jobs', spec)).body
    const schedule = await scheduleOf(stack, jobId!)
    await until('three have run', async () => (await runsOf(catalogue)).filter(completed).length >= 3, {
      withinMs: 60_000,
    })
    const runs = await runsOf(catalogue)
    for (const run of runs) {
      const time = run.logicalTime.toISOString()
      expect(run).toMatchObject({
        trigger: 'CRON',
        workflowId: `etl-schedule/${schedule.scheduleId}-${time.slice(0, 19)}Z`,
      })
      expect(run.logicalTime.getTime() % 4000).toBe(0)
      expect(JSON.parse(run.parameters)).toEqual({ at: time.slice(0, 19).replace('T', ' ') })
    }
    const first = runs[0]!.logicalTime.getTime()
    expect(runs.map(({ logicalTime }) => logicalTime.getTime())).toEqual(runs.map((_, index) => first + index * 4000))

    const paused = JSON.parse(await etl(stack, ['schedules', 'pause', 'often', '--json'])) as Schedule
    expect(paused).toMatchObject({ isEnabled: false, nextFireTime: null, version: schedule.version + 1 })
    const before = await settled(catalogue)
    await new Promise((resolve) => setTimeout(resolve, 9000))
    expect(await runsOf(catalogue)).toHaveLength(before)
    const asked = JSON.parse(await etl(stack, ['schedules', 'trigger', 'often', '--json'])) as { executionId: string }
    expect(await stack.untilEnded(asked.executionId)).toMatchObject({ status: 'COMPLETED' })

    const resumedAt = Date.now()
    await etl(stack, ['schedules', 'resume', 'often'])
    await until(
      'it goes on',
      async () => (await runsOf(catalogue)).filter(({ trigger }) => trigger === 'CRON').length > before,
    )
    const newer = (await runsOf(catalogue)).filter(({ trigger }) => trigger === 'CRON').slice(before)
    expect(Math.min(...newer.map(({ logicalTime }) => logicalTime.getTime()))).toBeGreaterThanOrEqual(resumedAt - 4000)

    const now = await scheduleOf(stack, jobId!)
    expect(now.fireCount).toBeGreaterThanOrEqual(4)
    const path = `/api/v1/schedules/${now.scheduleId}`
    const daily = { type: 'CRON', cron: '0 0 5 * * ?', timezone: 'Europe/Berlin', parameters: { at: '${logicalTime}' } }
    expect((await stack.request('PUT', path, { version: now.version - 1, schedule: daily })).status).toBe(409)
    expect((await stack.request('PUT', path, { version: now.version, schedule: daily })).body).toMatchObject({
      scheduleId: now.scheduleId,
      cron: '0 0 5 * * ?',
      description: 'At 05:00, every day.',
    })
    expect(
      (
        await stack.request('PUT', path, {
          version: now.version + 1,
          schedule: { type: 'CRON', cron: '0 0 5 * *  x ?' },
        })
      ).status,
    ).toBe(422)
    const { body: next } = await stack.request<{ next: string[] }>(
      'GET',
      `${path}/next?count=2&from=2026-03-28T00:00:00Z`,
    )
    expect(next.next).toEqual(['2026-03-28T04:00:00.000Z', '2026-03-29T03:00:00.000Z'])
    await settled(catalogue)

    const range = ['--from', '2026-03-26T00:00:00Z', '--to', '2026-03-30T12:00:00Z']
    const dry = JSON.parse(await etl(stack, ['schedules', 'backfill', 'often', ...range, '--dry-run', '--json'])) as {
      times: { logicalTime: string; runs: boolean }[]
    }
    expect(dry.times.map(({ logicalTime, runs: isRun }) => [logicalTime.slice(5, 13), isRun])).toEqual([
      ['03-26T04', true],
      ['03-27T04', true],
      ['03-28T04', true],
      ['03-29T03', true],
      ['03-30T03', true],
    ])
    await etl(stack, ['schedules', 'backfill', 'often', ...range, '--concurrency', '2', '--json'])
    const isFull = async (wanted: number) =>
      until(
        'the past is filled',
        async () => {
          const { body } = await stack.request<{ items: { status: string; executions: object }[] }>(
            'GET',
            `${path}/backfills`,
          )
          return body.items.length === wanted && body.items.every(({ status }) => status === 'COMPLETED')
            ? body.items[0]
            : null
        },
        { withinMs: 60_000 },
      )
    expect(await isFull(1)).toMatchObject({ total: 5, executions: { COMPLETED: 5 } })
    await etl(stack, ['schedules', 'backfill', 'often', ...range, '--json'])
    expect(await isFull(2)).toMatchObject({ total: 0, executions: {} })
    await etl(stack, ['schedules', 'backfill', 'often', ...range, '--reprocess', 'ALL', '--json'])
    expect(await isFull(3)).toMatchObject({ total: 5, executions: { COMPLETED: 5 } })
    const filled = (await runsOf(catalogue)).filter(({ trigger }) => trigger === 'BACKFILL')
    expect(filled).toHaveLength(10)
    expect(new Set(filled.map(({ logicalTime }) => logicalTime.getTime())).size).toBe(5)
  })
}, 240_000)

test.concurrent('what a worker was away for is made up for by the newest time, and no time runs twice', async () => {
  await withCatalogue(async (stack, catalogue) => {
    await writeFile(join(stack.files, 'in.csv'), 'id\n1\n2\n')
    const spec = copyJob('often', {
      type: 'CRON',
      cron: '0/5 * * * * ?',
      catchUp: 'LAST',
      parameters: { at: '${logicalTime}' },
    })
    const { jobId } = (await stack.request('POST', '/api/v1/jobs', spec)).body
    await until('one has run', async () => (await runsOf(catalogue)).some(completed), { withinMs: 60_000 })
    await stack.killWorker()
    const awayFrom = Date.now()
    await new Promise((resolve) => setTimeout(resolve, 40_000))
    await stack.startWorker()
    const backAt = Date.now()
    await until(
      'it runs again',
      async () => (await runsOf(catalogue)).some((run) => completed(run) && run.logicalTime.getTime() > backAt),
      {
        withinMs: 60_000,
      },
    )
    const runs = await runsOf(catalogue)
    const times = runs.map(({ logicalTime }) => logicalTime.getTime())
    expect(new Set(times).size).toBe(times.length)
    // Ten seconds late is not missed yet.
    const missed = times.filter((time) => time > awayFrom && time < backAt - 12_000)
    expect(missed).toEqual([])
    expect((await scheduleOf(stack, jobId!)).lastDecision).toMatchObject({
      decision: 'SKIPPED',
      message: expect.stringContaining('only the last is made up for'),
    })
  })
}, 180_000)

test.concurrent('an execution that a schedule started is paused, goes on, is stopped and cancelled like any other; what it leaves no room for waits or is left out', async () => {
  await withFeed(async ({ stack, target, catalogue, put, arrived }) => {
    const streaming = (overlap: string) => ({
      name: 'streaming',
      type: 'STREAMING',
      overlap,
      checkpoint: { interval: '500ms' },
      schedule: { type: 'CRON', cron: '0/3 * * * * ?' },
      nodes: [
        fedLines,
        {
          id: 'seen',
          sink: 'jdbc',
          input: 'lines',
          config: { connection: { url: target }, table: 'seen', createTable: true },
        },
      ],
    })
    await put()
    const { jobId } = (await stack.request('POST', '/api/v1/jobs', streaming('SKIP'))).body
    await arrived()
    const [first] = await runsOf(catalogue)
    const ask = async (id: string, what: string, body: object = {}) =>
      await stack.request<{ status: string; done: boolean }>('POST', `/api/v1/executions/${id}/${what}`, body)
    expect(await ask(first!.id, 'pause')).toMatchObject({ status: 202, body: { status: 'PAUSED', done: true } })
    expect(await ask(first!.id, 'resume')).toMatchObject({ status: 202, body: { status: 'RUNNING', done: true } })
    await until('a time was left out', async () =>
      (await scheduleOf(stack, jobId!)).lastDecision?.message.includes('overlap is SKIP'),
    )
    expect(await runsOf(catalogue)).toHaveLength(1)

    await stack.request('PUT', `/api/v1/jobs/${jobId}`, { ...streaming('WAIT'), version: 1 })
    await until(
      'others wait',
      async () => (await runsOf(catalogue)).filter(({ status }) => status === 'WAITING').length >= 2,
    )
    const { scheduleId } = await scheduleOf(stack, jobId!)
    await stack.request('POST', `/api/v1/schedules/${scheduleId}/pause`, {})
    expect((await ask(first!.id, 'cancel')).status).toBe(202)
    expect(await stack.untilEnded(first!.id)).toMatchObject({ status: 'CANCELLED' })
    const second = await until('the next is let in', async () =>
      (await runsOf(catalogue)).find(({ status }) => status === 'RUNNING'),
    )
    expect(second.workflowId).toMatch(/^etl-schedule\//)
    for (const { id, status } of await runsOf(catalogue)) if (status === 'WAITING') await ask(id, 'cancel')
    const stop = await until('it can be stopped', async () => {
      const answer = await ask(second.id, 'savepoints', { stop: true })
      return answer.status === 202 ? answer : null
    })
    expect(stop.body).toMatchObject({ status: 'COMPLETED', done: true })
    expect((await runsOf(catalogue)).filter(({ status }) => status === 'RUNNING')).toEqual([])
  })
}, 180_000)

test.concurrent('IMMEDIATE starts once when it is saved, and not when the job is saved again', async () => {
  await withCatalogue(async (stack, catalogue) => {
    await writeFile(join(stack.files, 'in.csv'), 'id\n1\n2\n')
    const spec = copyJob('once', { type: 'IMMEDIATE', parameters: { at: '2026-01-01T00:00:00Z' } })
    const { jobId } = (await stack.request('POST', '/api/v1/jobs', spec)).body
    await until('it has run', async () => (await runsOf(catalogue)).some(completed))
    await stack.request('PUT', `/api/v1/jobs/${jobId}`, { ...spec, priority: 3, version: 1 })
    await new Promise((resolve) => setTimeout(resolve, 2000))
    expect(await runsOf(catalogue)).toMatchObject([{ trigger: 'IMMEDIATE', status: 'COMPLETED' }])
  })
}, 60_000)

const completed = ({ status }: Run) => status === 'COMPLETED'

function copyJob(name: string, schedule: object) {
  return {
    name,
    maxConcurrentRuns: 4,
    parameters: { at: { type: 'TIMESTAMP' } },
    schedule,
    nodes: [
      { id: 'in', source: 'file', config: { path: 'in.csv' } },
      { id: 'stamped', operator: 'MAP', input: 'in', config: { set: { at: '${at}' } } },
      { id: 'out', sink: 'file', input: 'stamped', config: { path: 'out', format: 'csv' } },
    ],
  }
}

async function scheduleOf(stack: Stack, jobId: string): Promise<Schedule> {
  const { body } = await stack.request<{ items: Schedule[] }>('GET', `/api/v1/schedules?jobId=${jobId}`)
  return body.items[0]!
}

async function runsOf(catalogue: string): Promise<Run[]> {
  const rows = await onServer(
    catalogue,
    `SELECT execution_id AS id, trigger_type AS \`trigger\`, logical_time AS logicalTime, execution_status AS status,
            workflow_id AS workflowId, parameters
       FROM etl_job_execution ORDER BY logical_time`,
  )
  return (rows as Run[]).map((row) => ({ ...row, logicalTime: new Date(row.logicalTime) }))
}

/** Answers how many there are once none runs. */
async function settled(catalogue: string): Promise<number> {
  return await until('none runs', async () => {
    const runs = await runsOf(catalogue)
    return runs.every(({ status }) => ['COMPLETED', 'FAILED', 'CANCELLED'].includes(status)) && runs.length
  })
}

async function withCatalogue(run: (stack: Stack, catalogue: string) => Promise<void>): Promise<void> {
  await withMigratedDatabase(async (catalogue) => {
    await withStack({ mysql: catalogue, temporal: temporalAddress() }, async (stack) => await run(stack, catalogue))
  })
}
