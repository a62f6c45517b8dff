/** A lattice of jobs on real servers, each of which is killed now and then: each job runs once per round of its upstream. */
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
import { until } from '../support/until.js'

/** 16 in `npm test`; `ETL_TEST_LATTICE_JOBS=200` for the longer proof. */
const jobs = Number(process.env.ETL_TEST_LATTICE_JOBS ?? 16)
const roots = 4
const rounds = 2
const seed = Number(process.env.ETL_TEST_SEED ?? Math.floor(Math.random() * 1e9))

test(`${jobs} jobs run once per round, whatever of API, worker, Temporal and MySQL is killed (seed ${seed})`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'etl-lattice-'))
  const mysql = await privateMysql(folder)
  const temporal = await privateTemporal(folder)
  try {
    await Promise.all([mysql.start(), temporal.start()])
    const catalogue = `${mysql.address}/etl_framework`
    await migrate(catalogue)
    await withStack({ mysql: catalogue, temporal: temporal.address }, async (stack) => {
      await saveLattice(stack)
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
      const ended = () => runs(catalogue, `execution_status = 'COMPLETED'`)
      const isOver = async () => (await ended()) >= jobs * rounds
      for (let kill = 0; kill < kills.length || !(await isOver()); kill += 1) {
        await sleep(1500 + Math.random() * 2500)
        await kills[kill % kills.length]!()
        if (kill > 40 && kill % 4 === 3) await sleep(5000)
      }
      await until('all have run', isOver, { withinMs: 120_000 })
      // What would start one too many has had time to.
      await sleep(5000)
      const found = await onServer(
        catalogue,
        `SELECT job_name, logical_time, COUNT(*) AS runs, MIN(execution_status) AS status FROM etl_job_execution
          GROUP BY job_id, job_name, logical_time HAVING runs <> 1 OR status <> 'COMPLETED'`,
      )
      expect(found).toEqual([])
      expect(await runs(catalogue, '1 = 1')).toBe(jobs * rounds)
    })
  } finally {
    await mysql.kill()
    await temporal.kill()
    await rm(folder, { recursive: true, force: true })
  }
}, 1_800_000)

async function runs(url: string, condition: string): Promise<number> {
  const [row] = (await onServer(url, `SELECT COUNT(*) AS n FROM etl_job_execution WHERE ${condition}`)) as {
    n: number
  }[]
  return Number(row!.n)
}

/** Each job after the roots depends on one to three of those before it; the roots run for two days that have passed. */
async function saveLattice(stack: Stack): Promise<void> {
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
  for (const jobId of ids.slice(0, roots)) {
    const wish = { from: '2026-01-01T00:00:00Z', to: '2026-01-02T00:00:00Z' }
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
      { id: 'numbers', source: 'generator', config: { rows: 10, columns: { id: 'n' } } },
      { id: 'nowhere', sink: 'blackhole', input: 'numbers' },
    ],
  }
}
