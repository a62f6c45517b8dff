import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { onServer, withMigratedDatabase } from '../support/lend.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

/** 40 in `npm test`; `ETL_TEST_SUBMISSIONS=100` for the longer proof. */
const submissions = Number(process.env.ETL_TEST_SUBMISSIONS ?? 40)

test(`of ${submissions} parallel submissions three run at once, all end, and larger priority goes first, while worker and API are killed`, async () => {
  await inStack(async (stack, query) => {
    const jobId = await save(stack, { ...job('three'), maxConcurrentRuns: 3 })
    let most = 0
    const over = new AbortController()
    const watching = watch(over.signal, async () => {
      const [row] = await query(`SELECT COUNT(*) AS n FROM etl_job_execution WHERE execution_status IN (${LIVE})`)
      most = Math.max(most, Number(row?.n))
    })
    const priorities = Array.from({ length: submissions }, (_, n) => (n * 7) % 10)
    const answers = await Promise.all(
      priorities.map((priority) => stack.request('POST', `/api/v1/jobs/${jobId}/executions`, { priority })),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(submissions).fill(202))
    await killNowAndThen(stack, 3)
    await untilQuiet(query)
    over.abort()
    await watching
    expect(await query('SELECT execution_status AS status, COUNT(*) AS n FROM etl_job_execution GROUP BY 1')).toEqual([
      { status: 'COMPLETED', n: submissions },
    ])
    expect(most).toBe(3)
    // Admission is what changes a lineage; who waited at least so long before it had to go first, were its priority larger.
    const overtaken = await query(`
      SELECT late.execution_id, late.priority, early.priority AS overtakenBy
        FROM etl_job_execution late
        JOIN etl_lineage admittedLate ON admittedLate.lineage_id = late.lineage_id
        JOIN etl_execution_event waited ON waited.execution_id = late.execution_id AND waited.event_type = 'WAITING'
        JOIN etl_job_execution early ON early.priority < late.priority
        JOIN etl_lineage admittedEarly ON admittedEarly.lineage_id = early.lineage_id
       WHERE waited.event_time < admittedEarly.update_time - INTERVAL 1 SECOND
         AND admittedEarly.update_time < admittedLate.update_time`)
    expect(overtaken).toEqual([])
  })
}, 600_000)

test('jobs that depend on each other run once per round, while worker and API are killed', async () => {
  await inStack(async (stack, query) => {
    const rows = 4
    const roots = [await save(stack, job('r0')), await save(stack, job('r1'))]
    const dependent: string[] = []
    for (let row = 1; row <= rows; row++) {
      for (const column of [0, 1]) {
        const on = row === 1 ? ['r0', 'r1'].slice(0, column + 1) : [`d${row - 1}-0`, `d${row - 1}-1`].slice(column)
        const schedule = { type: 'DEPENDENCY', on, require: 'ALL' }
        dependent.push(await save(stack, { ...job(`d${row}-${column}`), schedule }))
      }
    }
    for (let round = 1; round <= 2; round++) {
      for (const jobId of roots) await stack.request('POST', `/api/v1/jobs/${jobId}/executions`, {})
      await killNowAndThen(stack, 2)
      await untilQuiet(query)
      const ran = await query(
        "SELECT job_id AS jobId, COUNT(*) AS n, SUM(execution_status = 'COMPLETED') AS completed FROM etl_job_execution GROUP BY 1",
      )
      const counts = new Map(ran.map(({ jobId, n, completed }) => [jobId, [Number(n), Number(completed)]]))
      for (const jobId of [...roots, ...dependent]) expect(counts.get(jobId)).toEqual([round, round])
    }
  })
}, 600_000)

const LIVE = `'RUNNING', 'PAUSED', 'RESTARTING'`

type Query = (sql: string) => Promise<readonly Readonly<Record<string, unknown>>[]>

async function inStack(run: (stack: Stack, query: Query) => Promise<void>): Promise<void> {
  const temporal = process.env.ETL_TEST_TEMPORAL_ADDRESS ?? ''
  await withMigratedDatabase(async (mysql) => {
    const query: Query = async (sql) => (await onServer(mysql, sql)) as Awaited<ReturnType<Query>>
    await withStack({ mysql, temporal }, (stack) => run(stack, query))
  })
}

/** Worker and API in turn, at random moments. */
async function killNowAndThen(stack: Stack, times: number): Promise<void> {
  for (let kill = 0; kill < times; kill++) {
    await sleep(500 + Math.random() * 3000)
    await stack.killWorker()
    await stack.startWorker()
    await sleep(500 + Math.random() * 2000)
    await stack.killApi()
    await stack.startApi()
  }
}

/** Nothing runs or waits, and every end has been looked at. */
async function untilQuiet(query: Query): Promise<void> {
  await until(
    'all have ended',
    async () => {
      const [row] = await query(`
        SELECT (SELECT COUNT(*) FROM etl_job_execution WHERE execution_status NOT IN ('COMPLETED', 'FAILED', 'CANCELLED'))
             + (SELECT COUNT(*) FROM etl_trigger_event WHERE is_handled = 0) AS n`)
      return Number(row?.n) === 0 ? true : null
    },
    { withinMs: 400_000, everyMs: 250 },
  )
}

async function watch(over: AbortSignal, look: () => Promise<void>): Promise<void> {
  while (!over.aborted) {
    await look()
    await sleep(30)
  }
}

async function save(stack: Stack, spec: object): Promise<string> {
  const { status, body } = await stack.request('POST', '/api/v1/jobs', spec)
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body.jobId ?? ''
}

function job(name: string) {
  return {
    name,
    nodes: [
      { id: 'numbers', source: 'generator', config: { rows: 10, columns: { n: { kind: 'SEQUENCE' } } } },
      { id: 'out', sink: 'blackhole', input: 'numbers' },
    ],
  }
}
