/** Kafka to Kafka and MySQL through kills of the worker and of the broker: nothing is lost, nothing comes twice. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { withClient } from '../../connectors/kafka/client.js'
import { connectionConfig } from '../../connectors/kafka/config.js'
import { offsetsAt } from '../../connectors/kafka/offsets.js'
import { topicWriter } from '../../connectors/kafka/produce.js'
import { readPartition } from '../../connectors/kafka/read-partition.js'
import { initProducer } from '../../connectors/kafka/transaction.js'
import { describeWithJava } from '../support/describe-with-kafka.js'
import { makeTopic, privateKafka } from '../support/kafka.js'
import { onServer, withDatabase, withMigratedDatabase } from '../support/lend.js'
import { temporalAddress } from '../support/namespace.js'
import type { Service } from '../support/services.js'
import { type Stack, withStack } from '../support/stack.js'
import { until } from '../support/until.js'

/** 3 in `npm test`; `ETL_KILLS=30` for the longer proof. */
const kills = Number(process.env.ETL_KILLS ?? 3)
const records = Number(process.env.ETL_CRASH_MESSAGES ?? 200_000)
const partitions = 4

let folder: string
let broker: Service

describeWithJava('exactly once out of Kafka and into Kafka (I1, I2, I3)', () => {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etl-crash-kafka-'))
    broker = await privateKafka(folder)
    await broker.start()
    await makeTopic(broker.address, 'orders', partitions)
    await fill('orders')
  }, 180_000)
  afterAll(async () => {
    await broker?.kill()
    await rm(folder, { recursive: true, force: true })
  })

  test(`every message is there once after ${kills} kills of the worker and a restart of the broker`, async () => {
    await withDatabase(async (target) => {
      let killed = 0
      let restarted = false
      for (let run = 1; killed < kills || !restarted; run += 1) {
        const out = `out-${run}`
        await makeTopic(broker.address, out, 3)
        await inStack(async (stack) => {
          const executionId = await stack.submit(job(target, out, `orders_${run}`))
          let over = false
          const ended = stack.untilEnded(executionId, 300_000).finally(() => {
            over = true
          })
          ended.catch(() => undefined)
          while (!over && (killed < kills || !restarted)) {
            await sleep(700 + Math.random() * 2500)
            if (over) break
            if (!restarted && killed >= kills / 2) {
              restarted = true
              await broker.kill()
              await sleep(1000)
              await broker.start()
              continue
            }
            const { epochs } = await stack.execution(executionId)
            await stack.killWorker()
            killed += 1
            await stack.startWorker()
            await until('work goes on', async () => over || (await stack.execution(executionId)).epochs > epochs, {
              withinMs: 60_000,
            })
          }
          expect(await ended).toMatchObject({
            status: 'COMPLETED',
            error: null,
            records: { read: records, written: 2 * records },
          })
        })
        expect(await tally(out)).toEqual(whole)
        const [row] = (await onServer(
          target,
          `SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d, SUM(id) AS s FROM orders_${run}`,
        )) as Record<string, unknown>[]
        expect({ n: Number(row!.n), d: Number(row!.d), s: Number(row!.s) }).toEqual(whole)
      }
    })
  }, 1_800_000)
})

const whole = { n: records, d: records, s: (records * (records - 1)) / 2 }

function job(target: string, topic: string, table: string) {
  const connection = { brokers: [broker.address] }
  return {
    name: topic,
    checkpoint: { interval: '1s' },
    parallelism: 2,
    restart: { strategy: 'FIXED_DELAY', maxRestarts: 20, delay: '1s' },
    nodes: [
      {
        id: 'orders',
        source: 'kafka',
        config: {
          connection,
          topic: 'orders',
          columns: { id: 'BIGINT', customer: 'VARCHAR', amount: 'DECIMAL(10,2)' },
        },
      },
      { id: 'priced', operator: 'MAP', input: 'orders', config: { set: { amount: 'amount * 2' } } },
      { id: 'out', sink: 'kafka', input: 'priced', config: { connection, topic, key: 'customer' } },
      { id: 'table', sink: 'jdbc', input: 'priced', config: { connection: { url: target }, table, createTable: true } },
    ],
  }
}

async function inStack<T>(run: (stack: Stack) => Promise<T>): Promise<T> {
  return await withMigratedDatabase(async (catalogue) =>
    withStack({ mysql: catalogue, temporal: temporalAddress() }, run),
  )
}

const open = <T>(use: Parameters<typeof withClient<T>>[3]) =>
  withClient(connectionConfig.parse({ brokers: [broker.address] }), new AbortController().signal, 'WORK', use)

async function fill(topic: string): Promise<void> {
  await open(async (client) => {
    const writer = topicWriter(client, await initProducer(client, null), topic, 'none')
    const atOnce = 10_000
    for (let from = 0; from < records; from += atOnce) {
      const messages = Array.from({ length: Math.min(atOnce, records - from) }, (_, index) => {
        const id = from + index
        const value = JSON.stringify({ id, customer: `customer ${id % 997}`, amount: (id % 10_000) / 100 })
        return { key: null, headers: [], value: Buffer.from(value) }
      })
      await writer.send((from / atOnce) % partitions, messages)
    }
  })
}

/** Of the committed messages of all partitions. */
async function tally(topic: string): Promise<typeof whole> {
  return await open(async (client) => {
    const all = (await client.topic(topic))!.partitions
    const ends = await offsetsAt(client, topic, all, 'STABLE')
    const ids: number[] = []
    for (const partition of all) {
      for await (const messages of readPartition(client, topic, { partition, from: 0, to: ends[partition]! })) {
        for (const { bytes, valueAt, valueLength } of messages) {
          ids.push(Number(JSON.parse(bytes.toString('utf8', valueAt, valueAt + valueLength)).id))
        }
      }
    }
    return { n: ids.length, d: new Set(ids).size, s: ids.reduce((sum, id) => sum + id, 0) }
  })
}
