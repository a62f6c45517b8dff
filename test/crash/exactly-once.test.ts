import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { link, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Client, Connection } from '@temporalio/client'
import { createConnection } from 'mysql2/promise'
import { migrate } from '../../models/migrate.js'
import { privateMysql, privateTemporal, type Service } from '../support/services.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

/** 10 in `npm test`; `ETL_KILLS=30` for the longer proof. */
const kills = Number(process.env.ETL_KILLS ?? 10)
const records = Number(process.env.ETL_CRASH_RECORDS ?? 3_000_000)

let folder: string
let mysql: Service
let temporal: Service
let undisturbed: Record<string, unknown>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etl-crash-'))
  await writeFlights(join(folder, 'flights.csv'))
  mysql = await privateMysql(folder)
  temporal = await privateTemporal(folder)
  await Promise.all([mysql.start(), temporal.start()])
  await migrate(catalogue())
  await withConnection(async (query) => await query('CREATE DATABASE target CHARACTER SET utf8mb4'))
  undisturbed = await inStack(async (stack) => {
    const ended = await stack.untilEnded(await stack.submit(job('undisturbed')))
    expect(ended).toMatchObject({ status: 'COMPLETED', restarts: 0 })
    expect(ended.epochs).toBeGreaterThan(4)
    return await checksums('undisturbed')
  })
}, 300_000)

afterAll(async () => {
  await mysql?.kill()
  await temporal?.kill()
  await rm(folder, { recursive: true, force: true })
})

describe('exactly once (I1, I2, I3)', () => {
  test(`tables equal the undisturbed ones after ${kills} kills of the worker at random moments`, async () => {
    let killed = 0
    const takeovers: number[] = []
    for (let run = 1; killed < kills; run++) {
      await inStack(async (stack) => {
        const name = `killed${run}`
        const executionId = await stack.submit(job(name))
        const ended = stack.untilEnded(executionId, 300_000)
        let over = false
        ended.finally(() => {
          over = true
        })
        while (killed < kills) {
          await sleep(500 + Math.random() * 4000)
          if (over) break
          const { epochs } = await stack.execution(executionId)
          const killedMs = Date.now()
          await stack.killWorker()
          killed++
          await stack.startWorker()
          await until('work goes on', async () => over || (await stack.execution(executionId)).epochs > epochs)
          takeovers.push(Date.now() - killedMs)
        }
        const report = await ended
        expect(report).toMatchObject({ status: 'COMPLETED', error: null })
        expect(await checksums(name)).toEqual(undisturbed)
        // One row an epoch, and no chain was asked for again but by a restart: only the open epoch is done again.
        const chains = await chainsAskedFor(stack, executionId)
        expect(chains.length - new Set(chains).size).toBeLessThanOrEqual(report.restarts)
      })
    }
    console.info(`from a kill to the next checkpoint: ${takeovers.map((ms) => (ms / 1000).toFixed(1)).join(', ')} s`)
    // The slowest of them also waits for whatever else the machine does.
    expect(takeovers.toSorted((a, b) => a - b)[Math.floor(takeovers.length / 2)]).toBeLessThan(20_000)
  }, 900_000)

  test('tables equal the undisturbed ones at parallelism 3 and 2, with shuffles between, after kills of the worker', async () => {
    await inStack(async (stack) => {
      const executionId = await stack.submit({ ...job('parallel', { by_origin: 2, sums: 2 }), parallelism: 3 })
      const ended = stack.untilEnded(executionId, 300_000)
      for (let kill = 0; kill < 3; kill++) {
        await sleep(1000 + Math.random() * 2000)
        await stack.killWorker()
        await stack.startWorker()
      }
      expect(await ended).toMatchObject({ status: 'COMPLETED', error: null })
      expect(await checksums('parallel')).toEqual(undisturbed)
    })
  }, 400_000)

  test('tables equal the undisturbed ones after MySQL was stopped and started in mid-run (I7)', async () => {
    await inStack(async (stack) => {
      const executionId = await stack.submit(job('mysql'))
      await sleep(2500)
      await mysql.kill()
      await sleep(3000)
      await mysql.start()
      expect(await stack.untilEnded(executionId, 300_000)).toMatchObject({ status: 'COMPLETED', error: null })
      expect(await checksums('mysql')).toEqual(undisturbed)
    })
  }, 400_000)

  test('tables equal the undisturbed ones after Temporal was stopped and started in mid-run', async () => {
    await inStack(async (stack) => {
      const executionId = await stack.submit(job('temporal'))
      await sleep(2500)
      await temporal.kill()
      await sleep(3000)
      await temporal.start()
      expect(await stack.untilEnded(executionId, 300_000)).toMatchObject({ status: 'COMPLETED', error: null })
      expect(await checksums('temporal')).toEqual(undisturbed)
    })
  }, 400_000)
})

/** The summaries of all chain activities: `epoch 3 · flights→… · subtask 0/1`. */
async function chainsAskedFor(stack: Stack, executionId: string): Promise<string[]> {
  const connection = await Connection.connect({ address: temporal.address })
  try {
    const client = new Client({ connection, namespace: stack.namespace })
    const { jobId } = await stack.execution(executionId)
    const { events } = await client.workflow.getHandle(`etl-job/${jobId}/${executionId}`).fetchHistory()
    return (events ?? [])
      .filter((event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'runOperatorChain')
      .map((event) => Buffer.from(event.userMetadata?.summary?.data ?? []).toString())
  } finally {
    await connection.close()
  }
}

function catalogue(): string {
  return `${mysql.address}/etl_framework`
}

async function inStack<T>(run: (stack: Stack) => Promise<T>): Promise<T> {
  return await withStack({ mysql: catalogue(), temporal: temporal.address }, async (stack) => {
    await link(join(folder, 'flights.csv'), join(stack.files, 'flights.csv'))
    await writeFile(join(stack.files, 'airports.csv'), 'iata,state\nAAA,TX\nBBB,CA\nCCC,NY\n')
    return await run(stack)
  })
}

/** A filter, a join, one sink for records and one for an aggregate over all of them. */
function job(name: string, subtasks: Readonly<Record<string, number>> = {}) {
  const connection = { url: `${mysql.address}/target` }
  return {
    name,
    type: 'BATCH',
    checkpoint: { interval: '500ms' },
    restart: { strategy: 'FIXED_DELAY', maxRestarts: 'UNLIMITED', delay: '500ms' },
    nodes: [
      { id: 'flights', source: 'file', config: { path: 'flights.csv' } },
      { id: 'airports', source: 'file', config: { path: 'airports.csv' } },
      { id: 'delayed', operator: 'FILTER', input: 'flights', config: { where: 'delay > 30' } },
      {
        id: 'named',
        operator: 'JOIN',
        inputs: { left: 'delayed', right: 'airports' },
        config: { type: 'LEFT', on: 'left.origin = right.iata', select: { '*': 'left.*', state: 'right.state' } },
      },
      {
        id: 'by_origin',
        operator: 'AGGREGATE',
        input: 'named',
        config: {
          groupBy: ['origin', 'state'],
          aggregates: { flights: 'count(*)', total: 'sum(delay)', mean: 'avg(delay)' },
        },
      },
      { id: 'rows', sink: 'jdbc', input: 'named', config: { connection, table: `${name}_rows`, createTable: true } },
      {
        id: 'sums',
        sink: 'jdbc',
        input: 'by_origin',
        config: { connection, table: `${name}_sums`, createTable: true },
      },
    ].map((node) => (subtasks[node.id] === undefined ? node : { ...node, parallelism: subtasks[node.id] })),
  }
}

async function writeFlights(path: string): Promise<void> {
  const file = createWriteStream(path)
  const origins = ['AAA', 'BBB', 'CCC', 'DDD']
  file.write('id,origin,delay\n')
  for (let id = 1; id <= records; ) {
    let lines = ''
    for (const last = Math.min(records, id + 99_999); id <= last; id++)
      lines += `${id},${origins[id % 4]},${(id * 7919) % 60}\n`
    if (!file.write(lines)) await once(file, 'drain')
  }
  file.end()
  await once(file, 'finish')
}

/** Row for row: how many, how many different, and two sums over hashes of whole rows. */
async function checksums(name: string): Promise<Record<string, unknown>> {
  return await withConnection(async (query) => {
    const row = "CONCAT_WS('|', id, origin, delay, COALESCE(state, 'NULL'))"
    const rows = await query(
      `SELECT COUNT(*), COUNT(DISTINCT id), SUM(CRC32(${row})),
              BIT_XOR(CAST(CONV(SUBSTRING(SHA2(${row}, 256), 1, 15), 16, 10) AS UNSIGNED)) FROM target.${name}_rows`,
    )
    const sums = await query(`SELECT origin, state, flights, total, mean FROM target.${name}_sums ORDER BY origin`)
    return { rows: String(rows), sums: String(sums) }
  })
}

async function withConnection<T>(run: (query: (sql: string) => Promise<unknown>) => Promise<T>): Promise<T> {
  const connection = await createConnection(mysql.address)
  try {
    return await run(async (sql) => (await connection.query({ sql, rowsAsArray: true }))[0])
  } finally {
    await connection.end()
  }
}
