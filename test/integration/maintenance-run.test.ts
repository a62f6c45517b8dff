/** Keeping house as people do: by command, by the API, by a schedule that the settings move. */
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { Client, Connection } from '@temporalio/client'
import { MAINTENANCE_TASKS, type TaskReport } from '../../core/maintenance/report.js'
import { withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

const launcher = fileURLToPath(new URL('../../bin/etl.js', import.meta.url))

interface Run {
  readonly runId: string
  readonly status: string
  readonly trigger: string
  readonly dryRun: boolean
  readonly tasks: readonly TaskReport[]
}

test('a worker keeps the house: all tasks, each with its report, and settings take effect without a restart', async () => {
  await withMigratedDatabase(async (mysql) => {
    const temporal = temporalAddress()
    await withStack({ mysql, temporal }, async (stack) => {
      await runAJob(stack)
      const all = await etl<Run>(stack, ['maintenance', 'run'])
      expect(all).toMatchObject({ status: 'COMPLETED', trigger: 'MANUAL', dryRun: false })
      expect(all.tasks.map(({ task }) => task)).toEqual(MAINTENANCE_TASKS)
      expect(all.tasks.filter(({ error }) => error !== null)).toEqual([])
      expect(countOf(all, 'state files that are missing')).toBe(0)
      expect(countOf(all, 'executions without a workflow')).toBe(0)
      expect(countOf(all, 'workflows without an execution')).toBe(0)

      await set(stack, 'backup.url', `file://${stack.logs}/daily`)
      await set(stack, 'backup.retain', 1)
      const first = await etl<Run>(stack, ['maintenance', 'run', '--only', 'backup'])
      const second = await etl<Run>(stack, ['maintenance', 'run', '--only', 'backup'])
      expect(second.tasks.map(({ task }) => task)).toEqual(['backup'])
      expect(nameOf(second, 'old backups removed')).toEqual(nameOf(first, 'backups made'))
      const [name = ''] = nameOf(second, 'backups made') ?? []
      await etl(stack, ['backup', 'verify', join(stack.logs, 'daily', name)])

      const dry = await etl<Run>(stack, ['maintenance', 'run', '--only', 'partitions,files', '--dry-run'])
      expect(dry).toMatchObject({ dryRun: true, status: 'COMPLETED' })
      const { body } = await stack.request<{ items: Run[] }>('GET', '/api/v1/maintenance/runs')
      expect(body.items.map(({ runId }) => runId)).toEqual([dry, second, first, all].map(({ runId }) => runId))

      await isInTheAudit(stack, [second, first, all])

      await movesWithTheSettings(stack, temporal)
    })
  })
}, 300_000)

/** What the worker and the API did by themselves too; a dry run changes nothing. */
async function isInTheAudit(stack: Stack, runs: readonly Run[]): Promise<void> {
  const path = '/api/v1/operation-logs'
  const { body } = await stack.request<{ items: { operationType: string; resourceId: string | null }[] }>(
    'GET',
    `${path}?limit=500`,
  )
  const kept = body.items.filter(({ operationType }) => operationType === 'MAINTENANCE')
  expect(kept.map(({ resourceId }) => resourceId)).toEqual(runs.map(({ runId }) => runId))
  expect(body.items.map(({ operationType }) => operationType)).toEqual(
    expect.arrayContaining(['CREATE_USER', 'START_API', 'MIGRATE', 'LOGIN', 'RUN_MAINTENANCE']),
  )
  expect((await stack.request('GET', `${path}/verification`)).body).toMatchObject({ intact: true, fault: null })
}

/** What the schedule begins is a run like any other. */
async function movesWithTheSettings(stack: Stack, address: string): Promise<void> {
  const connection = await Connection.connect({ address })
  try {
    const schedule = new Client({ connection, namespace: stack.namespace }).schedule.getHandle('etl-maintenance')
    await set(stack, 'maintenance.time', '22:41')
    await until('the schedule has moved', async () => {
      const { info } = await schedule.describe()
      return info.nextActionTimes[0]?.toISOString().slice(11, 16) === '22:41'
    })
    await set(stack, 'maintenance.enabled', false)
    await until('the schedule is paused', async () => (await schedule.describe()).state.paused)
    await schedule.trigger()
    await until('a run of the schedule has ended', async () => {
      const { body } = await stack.request<{ items: Run[] }>('GET', '/api/v1/maintenance/runs?limit=1')
      return body.items[0]?.trigger === 'SCHEDULE' && body.items[0].status === 'COMPLETED'
    })
  } finally {
    await connection.close()
  }
}

async function runAJob(stack: Stack): Promise<void> {
  await writeFile(join(stack.files, 'in.csv'), 'id,n\n1,2\n2,3\n')
  const executionId = await stack.submit({
    name: 'sums',
    nodes: [
      { id: 'in', source: 'file', config: { path: 'in.csv' } },
      { id: 'sums', operator: 'AGGREGATE', input: 'in', config: { aggregates: { total: 'sum(n)' } } },
      { id: 'out', sink: 'file', input: 'sums', config: { path: 'out', format: 'csv' } },
    ],
  })
  expect(await stack.untilEnded(executionId)).toMatchObject({ status: 'COMPLETED' })
}

async function set(stack: Stack, key: string, value: string | number | boolean): Promise<void> {
  const path = `/api/v1/system-configs/${key}`
  const { version } = (await stack.request('GET', path)).body
  expect((await stack.request('PUT', path, { value, version: Number(version) })).status).toBe(200)
}

async function etl<T>(stack: Stack, args: readonly string[]): Promise<T> {
  const env = {
    ...{ ...process.env, NODE_OPTIONS: '', ETL_HOME: stack.logs, ETL_API_URL: stack.url, ETL_TOKEN: stack.token() },
    ...{ ETL_MYSQL_URL: 'mysql://127.0.0.1:1/none', ETL_SECRET_KEY: Buffer.alloc(32, 7).toString('base64') },
  }
  const { stdout } = await promisify(execFile)(process.execPath, [launcher, ...args, '--json'], { env })
  return JSON.parse(stdout) as T
}

const doneOf = ({ tasks }: Run, what: string) => tasks.flatMap(({ done }) => done).find((one) => one.what === what)
const countOf = (run: Run, what: string) => doneOf(run, what)?.count
const nameOf = (run: Run, what: string) => doneOf(run, what)?.names
