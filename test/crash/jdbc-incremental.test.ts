/** A table that others go on writing to, followed by an incremental job through kills of the worker: nothing is lost. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { createConnection } from 'mysql2/promise'
import { onServer, withDatabase, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import { withStack } from '../support/stack.js'
import { until } from '../support/until.js'

/** 3 in `npm test`; `ETL_KILLS=10` for the longer proof. */
const kills = Number(process.env.ETL_KILLS ?? 3)
const changes = Number(process.env.ETL_CRASH_CHANGES ?? 100_000)
const clients = 4
const rowsAtOnce = 250
/** Longer than any transaction of the clients. */
const lag = '3s'
/** So long that they are in the middle of writing when a worker is killed. */
const pauseMs = (kills * 8_000) / (changes / clients / 2 / rowsAtOnce)

test(`after ${changes} inserts and updates by other clients and ${kills} kills of the worker the target equals the source`, async () => {
  await withDatabase(async (url) => {
    await onServer(
      url,
      `CREATE TABLE source (id BIGINT AUTO_INCREMENT PRIMARY KEY, v INT NOT NULL, word VARCHAR(40),
         changed TIMESTAMP(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6), INDEX (changed));
       CREATE TABLE target LIKE source`,
    )
    await withMigratedDatabase((catalogue) =>
      withStack({ mysql: catalogue, temporal: temporalAddress() }, async (stack) => {
        const executionId = await stack.submit(job(url))
        const progress = { killed: 0 }
        const writing = Promise.all(Array.from({ length: clients }, (_, client) => write(url, client, progress)))
        while (progress.killed < kills) {
          await sleep(1000 + Math.random() * 2000)
          await stack.killWorker()
          const { epochs } = await stack.execution(executionId)
          await stack.startWorker()
          progress.killed += 1
          await until('work goes on', async () => (await stack.execution(executionId)).epochs > epochs, {
            withinMs: 120_000,
          })
        }
        await writing
        await until('the target is as the source', async () => (await differences(url)) === 0, { withinMs: 240_000 })
        const report = await until('its checkpoint is taken', async () => {
          const found = await stack.execution(executionId)
          return found.records.read > 0 && found.records.written === found.records.read ? found : null
        })
        expect(report).toMatchObject({ status: 'RUNNING', error: null })
        expect(report.epochs).toBeGreaterThanOrEqual(kills)
        // A row is read again only when it has changed again.
        expect(report.records.read).toBeLessThanOrEqual(changes)
        const [count] = (await onServer(url, 'SELECT COUNT(*) AS n, SUM(v) AS s FROM source')) as {
          n: number
          s: string
        }[]
        expect(Number(count!.n)).toBe(changes / 2)
        expect(await onServer(url, 'SELECT COUNT(*) AS n, SUM(v) AS s FROM target')).toEqual([count])
      }),
    )
  })
}, 1_800_000)

function job(url: string) {
  const connection = { url }
  return {
    name: 'followed',
    type: 'STREAMING',
    checkpoint: { interval: '500ms' },
    restart: { strategy: 'FIXED_DELAY', maxRestarts: 100, delay: '500ms' },
    nodes: [
      {
        id: 'source',
        source: 'jdbc',
        config: { connection, table: 'source', incremental: { column: 'changed', lag }, interval: '300ms' },
      },
      {
        id: 'target',
        sink: 'jdbc',
        input: 'source',
        config: { connection, table: 'target', mode: 'UPSERT', key: 'id' },
      },
    ],
  }
}

/**
 * As many updates as inserts; some transactions take their time, so that they are committed out of order.
 * A share of them is left for the time after each kill.
 */
async function write(url: string, client: number, progress: { readonly killed: number }): Promise<void> {
  const connection = await createConnection({ uri: url })
  try {
    await connection.query(`SET time_zone = '+00:00'`)
    const mine = changes / clients / 2
    for (let done = 0; done < mine; done += rowsAtOnce) {
      const share = Math.floor((done / mine) * (kills + 1))
      await until('a worker is killed', async () => progress.killed >= share, { withinMs: 300_000 })
      const many = Math.min(rowsAtOnce, mine - done)
      const rows = Array.from({ length: many }, (_, at) => [done + at, `${client} wrote ${done + at}`])
      await connection.query('START TRANSACTION')
      const [{ insertId }] = (await connection.query('INSERT INTO source (v, word) VALUES ?', [rows])) as unknown as [
        { insertId: number },
      ]
      await sleep(Math.random() * 100)
      await connection.query('COMMIT')
      const older = Math.max(1, Math.floor(Math.random() * insertId))
      await connection.query('UPDATE source SET v = v + 1000 WHERE id >= ? ORDER BY id LIMIT ?', [older, many])
      await sleep(pauseMs * 2 * Math.random())
    }
  } finally {
    await connection.end()
  }
}

async function differences(url: string): Promise<number> {
  const [row] = (await onServer(
    url,
    `SELECT (SELECT COUNT(*) FROM source s LEFT JOIN target t USING (id) WHERE NOT (s.v <=> t.v AND s.word <=> t.word AND s.changed <=> t.changed))
       + (SELECT COUNT(*) FROM target t LEFT JOIN source s USING (id) WHERE s.id IS NULL) AS n`,
  )) as { n: number }[]
  return Number(row!.n)
}
