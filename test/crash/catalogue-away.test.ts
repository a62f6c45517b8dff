/**
 * The catalogue's MySQL goes away in the middle of a job and comes back (I7): killed, or stopped so that it takes connections and
 * says nothing. The API says 503 and why, in time, and recovers by itself; the job waits, uses up no restart, and ends with the
 * rows it should have. ETL_AWAY_SECONDS=120 for the longer proof.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { migrate } from '../../models/migrate.js'
import { onServer, withDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { privateMysql, type Service } from '../support/services.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

const awayMs = Number(process.env.ETL_AWAY_SECONDS ?? 20) * 1000
const perSecond = 2000
const rows = (awayMs / 1000 + 15) * perSecond

test.each([
  { how: 'gone', away: (mysql: Service) => mysql.kill(), back: (mysql: Service) => mysql.start() },
  { how: 'silent', away: async (mysql: Service) => mysql.hang(), back: async (mysql: Service) => mysql.go() },
])(
  `a job waits for a catalogue that is $how for ${awayMs / 1000} s, and the API says so`,
  async ({ how, away, back }) => {
    const folder = await mkdtemp(join(tmpdir(), 'etl-away-'))
    const mysql = await privateMysql(folder)
    await mysql.start()
    try {
      const catalogue = `${mysql.address}/etl_framework`
      await migrate(catalogue)
      await withDatabase(async (target) => {
        await withStack({ mysql: catalogue, temporal: temporalAddress() }, async (stack) => {
          for (let number = 1; number <= 3; number += 1) await setSecret(stack, `before-${number}`, 201)
          const executionId = await stack.submit(jobInto(target))
          await until('epochs are committed', async () => (await stack.execution(executionId)).epochs >= 2)
          // As many connections as the pool has are open when it happens.
          await Promise.all(Array.from({ length: 20 }, () => stack.request('GET', '/api/v1/jobs')))
          await away(mysql)
          const goneMs = Date.now()
          const all = [askWhileAway(stack, executionId, goneMs + awayMs)]
          for (let n = 0; n < 20; n += 1) all.push(askWhileAway(stack, executionId, goneMs + 1))
          const asked = (await Promise.all(all)).flat()
          await back(mysql)
          const backMs = Date.now()
          await until('the API recovers', async () => (await fetch(`${stack.url}/readyz`)).ok)
          const recoveredMs = Date.now() - backMs
          await setSecret(stack, 'after', 201)
          const report = await stack.untilEnded(executionId, 180_000)

          expect(report).toMatchObject({
            status: 'COMPLETED',
            restarts: 0,
            error: null,
            records: { read: rows, written: rows },
          })
          const [seen] = (await onServer(
            target,
            'SELECT COUNT(*) AS records, COUNT(DISTINCT n) AS ids, CAST(SUM(n) AS CHAR) AS total FROM numbers',
          )) as object[]
          expect(seen).toEqual({ records: rows, ids: rows, total: String((rows * (rows - 1)) / 2) })
          expect(await audited(catalogue)).toEqual(['after', 'before-1', 'before-2', 'before-3'])
          console.info(
            `${how} ${((backMs - goneMs) / 1000).toFixed(1)} s: ${asked.length} calls answered 503, the slowest after ${Math.max(...asked)} ms; ` +
              `ready ${recoveredMs} ms after the server; ${rows} rows, ${report.epochs} epochs`,
          )
        })
      })
    } finally {
      mysql.go()
      await mysql.kill()
      await rm(folder, { recursive: true, force: true })
    }
  },
  awayMs + 400_000,
)

/** Reads, writes and log-ins alike; every one is told why, and that it may come again. How many ms each took. */
async function askWhileAway(stack: Stack, executionId: string, untilMs: number): Promise<readonly number[]> {
  const calls: [string, string, object?][] = [
    ['GET', `/executions/${executionId}`],
    ['PUT', '/secrets/meanwhile', { value: 'x' }],
    ['GET', '/jobs'],
  ]
  const login: (typeof calls)[number] = [
    'POST',
    '/auth/login',
    { username: 'admin', password: 'correct horse battery' },
  ]
  let loginMs = 0
  const tookMs: number[] = []
  for (let turn = 0; turn === 0 || Date.now() < untilMs; turn += 1) {
    const askedMs = Date.now()
    // Ten a minute may be tried.
    const isLogin = turn > 0 && askedMs - loginMs > 7000
    if (isLogin) loginMs = askedMs
    const [method, path, body] = isLogin ? login : calls[turn % calls.length]!
    const answer = await fetch(`${stack.url}/api/v1${path}`, {
      method,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${stack.token()}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    expect([method, path, answer.status]).toEqual([method, path, 503])
    expect(answer.headers.get('content-type')).toMatch('application/problem+json')
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await answer.json()).toMatchObject({ code: 'mysql.away', type: '/api/v1/docs/errors/mysql.away' })
    expect((await fetch(`${stack.url}/healthz`)).status).toBe(200)
    if (turn === 0) {
      const ready = await fetch(`${stack.url}/readyz`)
      expect(ready.status).toBe(503)
      expect(await ready.json()).toMatchObject({ checks: { mysql: { status: 'failed' }, temporal: { status: 'ok' } } })
    }
    tookMs.push(Date.now() - askedMs)
    await sleep(500)
  }
  return tookMs
}

async function setSecret(stack: Stack, name: string, status: number): Promise<void> {
  expect((await stack.request('PUT', `/api/v1/secrets/${name}`, { value: 'x' })).status).toBe(status)
}

async function audited(catalogue: string): Promise<readonly string[]> {
  const found = (await onServer(
    catalogue,
    "SELECT resource_id AS id FROM etl_operation_log WHERE operation_type = 'SET_SECRET' ORDER BY resource_id",
  )) as { id: string }[]
  return found.map(({ id }) => id)
}

function jobInto(target: string) {
  const columns = { n: { kind: 'SEQUENCE' } }
  return {
    name: 'numbers',
    checkpoint: { interval: '1s' },
    nodes: [
      { id: 'in', source: 'generator', config: { rows, rowsPerSecond: perSecond, columns } },
      {
        id: 'out',
        sink: 'jdbc',
        input: 'in',
        config: { connection: { url: target }, table: 'numbers', createTable: true },
      },
    ],
  }
}
