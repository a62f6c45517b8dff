/**
 * A lattice of jobs on real servers, each of which is killed now and then: each job runs once per round of its upstream, though
 * what began the rounds is run again meanwhile; no more run at once than may, and no slot is lost.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { migrate } from '../../models/migrate.js'
import { onServer } from '../support/lend.js'
import { randomOf } from '../support/random.js'
import { privateMysql, privateTemporal } from '../support/services.js'
import { type Stack, withStack } from '../support/stack.js'

/** 16 in `npm test`; `ETL_TEST_LATTICE_JOBS=200` for the longer proof. */
const jobs = Number(process.env.ETL_TEST_LATTICE_JOBS ?? 16)
const roots = 4
const rounds = 2
const mostRunning = 6
const live = `execution_status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED')`
const seed = Number(process.env.ETL_TEST_SEED ?? Math.floor(Math.random() * 1e9))

test(
  `${jobs} jobs run once per round, whatever of API, worker, Temporal and MySQL is killed (seed ${seed})`,
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'etl-lattice-'))
    const mysql = await privateMysql(folder)
    const temporal = await privateTemporal(folder)
    try {
      await Promise.all([mysql.start(), temporal.start()])
      const catalogue = `${mysql.address}/etl_framework`
      await migrate(catalogue)
      await withStack({ mysql: catalogue, temporal: temporal.address }, async (stack) => {
        await limitRunning(stack)
        const rootIds = await saveLattice(stack)
        await backfill(stack, rootIds, 'MISSING')
        const restart = async (service: typeof mysql) => {
          await service.kill()
          await sleep(1000 + Math.random() * 1000)
          await service.start()
        }
        const kills = [
          async () => {
            await stack.killWorker()
            await stack.startWorker()
          },
          async () => {
            await stack.killApi()
            await stack.startApi()
          },
          () => restart(mysql),
          () => restart(temporal),
        ]
        const count = async (of: string, condition: string) => {
          const sql = `SELECT COUNT(DISTINCT ${of}) AS n FROM etl_job_execution WHERE ${condition}`
          return Number(((await onServer(catalogue, sql)) as { n: number }[])[0]!.n)
        }
        const isOver = async () =>
          (await count('job_id, logical_time', `execution_status = 'COMPLETED'`)) >= jobs * rounds &&
          (await count('id', live)) === 0
        let [most, killed] = [0, 0]
        for (; killed <= kills.length || !(await isOver()); killed += 1) {
          await sleep(1500 + Math.random() * 2500)
          most = Math.max(most, await count('id', `execution_status IN ('RUNNING', 'PAUSED', 'RESTARTING')`))
          await kills[killed % kills.length]!()
          // Their ends are told once more, of times that others have been started for.
          if (killed === kills.length) await backfill(stack, rootIds, 'ALL')
          if (killed > 40 && killed % 4 === 3) await sleep(5000)
        }
        process.stderr.write(`${killed} kills; ${most} running at most\n`)
        expect(most).toBeLessThanOrEqual(mostRunning)
        // What would start one too many has had time to.
        await sleep(5000)
        const found = await onServer(
          catalogue,
          `SELECT job_name, logical_time, COUNT(*) AS runs, MIN(execution_status) AS status FROM etl_job_execution
          WHERE job_id NOT IN (${rootIds.map((jobId) => `'${jobId}'`).join(', ')})
          GROUP BY job_id, job_name, logical_time HAVING runs <> 1 OR status <> 'COMPLETED'`,
        )
        expect(found).toEqual([])
        expect(await count('id', `execution_status <> 'COMPLETED'`)).toBe(0)
        expect(await count('id', '1 = 1')).toBeGreaterThan(jobs * rounds)
        // Every slot is free again: so many are admitted at once.
        const more = rootIds.concat(rootIds).slice(0, mostRunning)
        const started = await Promise.all(
          more.map((jobId) => stack.request<{ executionId: string }>('POST', `/api/v1/jobs/${jobId}/executions`, {})),
        )
        for (const { body } of started)
          expect(await stack.untilEnded(body.executionId)).toMatchObject({ status: 'COMPLETED' })
      })
    } finally {
      await mysql.kill()
      await temporal.kill()
      await rm(folder, { recursive: true, force: true })
    }
  },
  600_000 + jobs * 15_000,
)

async function limitRunning(stack: Stack): Promise<void> {
  const path = '/api/v1/system-configs/executor.max_running_executions'
  const { body } = await stack.request<{ version: number }>('GET', path)
  const { status } = await stack.request('PUT', path, { value: mostRunning, version: body.version })
  expect(status).toBe(200)
}

/** Each job after the roots depends on one to three of those before it. Answers the ids of the roots. */
async function saveLattice(stack: Stack): Promise<readonly string[]> {
  const random = randomOf(seed)
  const ids: string[] = []
  for (let n = 0; n < jobs; n += 1) {
    const count = n < roots ? 0 : 1 + Math.floor(random() * 3)
    const on = new Set<string>()
    while (on.size < Math.min(count, n)) on.add(`job${Math.max(0, n - 1 - Math.floor(random() * 12))}`)
    const schedule =
      count === 0
        ? { type: 'CRON', cron: '0 0 * * *', timezone: 'UTC' }
        : { type: 'DEPENDENCY', on: [...on], status: 'COMPLETED' }
    const { status, body } = await stack.request<{ jobId: string }>('POST', '/api/v1/jobs', jobOf(`job${n}`, schedule))
    expect(status).toBe(201)
    ids.push(body.jobId)
  }
  return ids.slice(0, roots)
}

/** For two days that have passed. */
async function backfill(stack: Stack, jobIds: readonly string[], reprocess: 'MISSING' | 'ALL'): Promise<void> {
  const wish = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z', reprocess }
  for (const jobId of jobIds) {
    const { body } = await stack.request<{ items: { scheduleId: string }[] }>('GET', `/api/v1/schedules?jobId=${jobId}`)
    const asked = await stack.request('POST', `/api/v1/schedules/${body.items[0]!.scheduleId}/backfill`, wish)
    expect(asked).toMatchObject({ status: 202 })
  }
}

function jobOf(name: string, schedule: object): object {
  return {
    name,
    schedule,
    restart: { strategy: 'FIXED_DELAY', maxRestarts: 'UNLIMITED', delay: '200ms' },
    nodes: [
      { id: 'numbers', source: 'generator', config: { rows: Math.ceil(Math.random() * 50_000), columns: { id: 'n' } } },
      { id: 'nowhere', sink: 'blackhole', input: 'numbers' },
    ],
  }
}
