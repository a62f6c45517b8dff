/** 13 months of metrics, made by the server itself, are archived and dropped month by month while the API answers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { openSession } from '../../duckdb/open-session.js'
import { migrate } from '../../models/migrate.js'
import { addMonths, partitionsOf } from '../../models/schema/partition-upkeep.js'
import { monthsFrom } from '../../models/schema/partitions.js'
import { openStore } from '../../storage/open-store.js'
import { onServer } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { privateMysql } from '../support/services.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

const rows = Number(process.env.ETL_PROOF_ROWS ?? 10_000_000)
const tables = ['etl_job_metrics', 'etl_operator_metrics'] as const
const months = 13
const say = (line: string) => void process.stderr.write(`${line}\n`)

test(`retention over 13 months and ${rows} rows`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'etl-proof-'))
  const server = await privateMysql(folder)
  await server.start()
  try {
    const url = `${server.address}/proof`
    const now = new Date()
    const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months + 1, 1))
    await migrate(url, { at: first })
    await addMonths((sql) => onServer(url, sql), now)
    const made = await timed('rows made by INSERT … SELECT', () => makeRows(url, first))
    for (const table of tables) await forbidDeletes(url, table)
    await withStack({ mysql: url, temporal: temporalAddress() }, async (stack) => {
      await latencies(stack, async () => void (await sleep(20_000)), 'at rest')
      const set = async (key: string, value: string | number) =>
        expect(
          (await stack.request('PUT', `/api/v1/system-configs/${key}`, { value, version: await versionOf(stack, key) }))
            .status,
        ).toBe(200)
      // The older half into tables, the rest into Parquet.
      await set('retention.archive', 'TABLE')
      await set('retention.metrics_days', 215)
      const toTables = await latencies(stack, () => keepHouse(stack), 'while months go into tables')
      await set('retention.archive', 'PARQUET')
      await set('retention.metrics_days', 30)
      const toParquet = await latencies(stack, () => keepHouse(stack), 'while months go into Parquet')
      expect(toTables.failed + toParquet.failed).toBe(0)
      for (const table of tables) await checkTable(url, stack, table, made[table], folder)
    })
  } finally {
    await server.kill()
    await rm(folder, { recursive: true, force: true })
  }
}, 7_200_000)

type Made = Record<(typeof tables)[number], Record<string, { readonly rows: number; readonly total: number }>>

/** Each with its number in a column that can be summed. */
async function makeRows(url: string, first: Date): Promise<Made> {
  const perMonth = Math.floor(rows / months / tables.length)
  const made: Made = { etl_job_metrics: {}, etl_operator_metrics: {} }
  for (const [index, { partition }] of monthsFrom(first, months - 1).entries()) {
    const begin = `${partition.slice(1, 5)}-${partition.slice(5)}-01`
    const time = `TIMESTAMP('${begin}') + INTERVAL FLOOR(n * 2332800 / ${perMonth}) SECOND`
    const offset = index * perMonth
    const names = `CONCAT('job-', n DIV 50000), CONCAT('execution-', n DIV 5000)`
    await Promise.all(
      [
        `INSERT INTO etl_job_metrics (job_id, execution_id, metric_time, epoch, records_read_total)
         SELECT ${names}, ${time}, n, n + ${offset} FROM (${sequence(perMonth)}) numbers`,
        `INSERT INTO etl_operator_metrics (job_id, execution_id, operator_id, metric_time, epoch, records_in)
         SELECT ${names}, CONCAT('op-', n % 4), ${time}, n, n + ${offset} FROM (${sequence(perMonth)}) numbers`,
      ].map((sql) => onServer(url, sql)),
    )
    const total = (perMonth * (perMonth - 1)) / 2 + offset * perMonth
    for (const table of tables) made[table][partition] = { rows: perMonth, total }
  }
  return made
}

function sequence(most: number): string {
  const digits = Array.from({ length: 10 }, (_, digit) => `SELECT ${digit} AS d`).join(' UNION ALL ')
  const places = Array.from({ length: String(most).length }, (_, place) => place)
  const number = places.map((place) => `p${place}.d * ${10 ** place}`).join(' + ')
  // The last place first: numbers come in order, and with them times.
  const from = [...places].reverse().map((place) => `(${digits}) p${place}`)
  return `SELECT STRAIGHT_JOIN ${number} AS n FROM ${from.join(', ')} WHERE ${number} < ${most}`
}

async function forbidDeletes(url: string, table: string): Promise<void> {
  await onServer(
    url,
    `CREATE TRIGGER no_deletes_${table} BEFORE DELETE ON ${table} FOR EACH ROW SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'row by row'`,
  )
}

async function versionOf(stack: Stack, key: string): Promise<number> {
  return Number((await stack.request('GET', `/api/v1/system-configs/${key}`)).body.version)
}

async function keepHouse(stack: Stack): Promise<void> {
  const { body, status } = await stack.request('POST', '/api/v1/maintenance/run', { only: ['partitions', 'retention'] })
  expect(status).toBe(202)
  type Run = {
    readonly status: string
    readonly tasks: readonly {
      readonly task: string
      readonly done: unknown
      readonly error: string | null
      readonly durationMs: number
    }[]
  }
  const run = await until(
    'the house is kept',
    async () => {
      const { body: now } = await stack.request<Run>('GET', `/api/v1/maintenance/runs/${body.runId}`)
      return now.status === 'RUNNING' ? null : now
    },
    { withinMs: 3_600_000, everyMs: 500 },
  )
  for (const { task, durationMs, done } of run.tasks)
    say(`  ${task} ${(durationMs / 1000).toFixed(1)} s ${JSON.stringify(done)}`)
  expect(run).toMatchObject({ status: 'COMPLETED', tasks: [{ error: null }, { error: null }] })
}

/** Of calls that people make, one after another, while something goes on. */
async function latencies(stack: Stack, work: () => Promise<void>, when: string): Promise<{ readonly failed: number }> {
  const took: number[] = []
  let [failed, isOver] = [0, false]
  const asking = (async () => {
    const paths = ['/jobs', '/executions', '/system-configs', '/operation-logs', '/executions/none/metrics']
    for (let call = 0; !isOver; call += 1) {
      const beganMs = performance.now()
      const { status } = await stack.request('GET', `/api/v1${paths[call % paths.length]}`)
      took.push(performance.now() - beganMs)
      if (status >= 500) failed += 1
      await sleep(50)
    }
  })()
  await timed(when, work)
  isOver = true
  await asking
  const sorted = took.sort((a, b) => a - b)
  const at = (share: number) => (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0).toFixed(0)
  say(
    `  API ${when}: ${sorted.length} calls, ${failed} failed; ms: median ${at(0.5)}, 95 % ${at(0.95)}, 99 % ${at(0.99)}, longest ${at(1)}`,
  )
  return { failed }
}

async function checkTable(
  url: string,
  { logs: home }: Stack,
  table: (typeof tables)[number],
  made: Made[(typeof tables)[number]],
  folder: string,
): Promise<void> {
  const column = table === 'etl_job_metrics' ? 'records_read_total' : 'records_in'
  const left = await partitionsOf((sql) => onServer(url, sql), table)
  const sumOf = async (from: string) => {
    const sql = `SELECT COUNT(*) AS held, COALESCE(SUM(${column}), 0) AS total FROM ${from}`
    const [found] = (await onServer(url, sql)) as { held: number; total: string }[]
    return { rows: Number(found?.held), total: Number(found?.total) }
  }
  const byPlace = { here: await sumOf(table), table: await sumOf(`${table}_archive`), parquet: { rows: 0, total: 0 } }
  const session = await openSession({ folder, memoryLimitBytes: 512 * 1024 ** 2, threads: 1 })
  const store = openStore(`file://${home}/storage`)
  let files = 0
  for await (const { key } of store.list(`archive/${table}/`)) {
    const file = await store.fetch(key, folder)
    const [row = []] = await session.rows(`SELECT COUNT(*), SUM(${column}) FROM read_parquet('${file}')`)
    byPlace.parquet.rows += Number(row[0])
    byPlace.parquet.total += Number(row[1])
    files += 1
  }
  session.close()
  say(`  ${table}: ${JSON.stringify(byPlace)}, ${files} Parquet files`)
  const sum = (some: readonly { rows: number; total: number }[]) => ({
    rows: some.reduce((all, one) => all + one.rows, 0),
    total: some.reduce((all, one) => all + one.total, 0),
  })
  expect(sum(Object.values(byPlace))).toEqual(sum(Object.values(made)))
  expect(byPlace.here).toEqual(
    sum(Object.entries(made).flatMap(([month, held]) => (left.includes(month) ? [held] : []))),
  )
  expect(left.filter((month) => month in made).length).toBeLessThanOrEqual(2)
  expect(byPlace.table.rows).toBeGreaterThan(0)
  expect(byPlace.parquet.rows).toBeGreaterThan(0)
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const beganMs = performance.now()
  const answer = await work()
  say(`${what}: ${((performance.now() - beganMs) / 1000).toFixed(1)} s`)
  return answer
}
