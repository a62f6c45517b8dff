/** Whole jobs between Kafka and MySQL, as `etl run` runs them. */
import { execFile } from 'node:child_process'
import { cpSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { describeWithKafka } from '../support/describe-with-kafka.js'
import { consumed, makeTopic, send } from '../support/kafka.js'
import { onServer, withDatabase } from '../support/lend.js'

const checkout = fileURLToPath(new URL('../..', import.meta.url))
const launcher = join(checkout, 'bin', 'etl.js')
let folder: string
let number = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kafka-jobs-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function run(job: object, ...args: string[]) {
  const file = join(folder, `job-${++number}.json`)
  await writeFile(file, JSON.stringify(job))
  const { stdout } = await promisify(execFile)(process.execPath, [launcher, 'run', file, '--json', ...args], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: '' },
  }).catch((error: { stdout: string; stderr: string }) => {
    if (error.stdout) return { stdout: error.stdout }
    throw error
  })
  return JSON.parse(stdout)
}

describeWithKafka('a job', (lent) => {
  const connection = () => ({ brokers: [lent.brokers] })

  test('takes messages out of Kafka into MySQL, each once, and sets the bad ones aside with their places', async () => {
    await withDatabase(async (url) => {
      await makeTopic(lent.brokers, 'orders', 3)
      const order = (id: number) => JSON.stringify({ id, amount: `${id}.25`, at: '2026-01-02T03:04:05Z' })
      await send(
        lent.brokers,
        'orders',
        Array.from({ length: 3000 }, (_, id) => ({
          value: id === 1234 ? 'broken' : order(id),
          partition: id % 3,
          key: `k${id}`,
        })),
      )
      const job = {
        name: 'orders',
        parallelism: 2,
        onBadRecord: { action: 'DEAD_LETTER', max: 10 },
        nodes: [
          {
            id: 'in',
            source: 'kafka',
            config: {
              connection: connection(),
              topic: 'orders',
              columns: { id: 'BIGINT', amount: 'DECIMAL(10,2)', at: 'TIMESTAMPTZ' },
              metadata: ['partition', 'offset', 'key'],
            },
          },
          { id: 'out', sink: 'jdbc', input: 'in', config: { connection: { url }, table: 'orders', createTable: true } },
        ],
      }
      expect(await run(job)).toMatchObject({
        status: 'COMPLETED',
        records: { read: 3000, written: 2999, failed: 1 },
      })
      const [row] = (await onServer(
        url,
        `SELECT COUNT(*) AS n, COUNT(DISTINCT id) AS d, SUM(amount) AS s, SUM(\`partition\` = id % 3) AS p, MIN(\`key\`) AS k FROM orders`,
      )) as Record<string, unknown>[]
      const sum = (2999 * 3000) / 2 - 1234 + 2999 * 0.25
      expect({ ...row, s: Number(row!.s), p: Number(row!.p) }).toEqual({ n: 2999, d: 2999, s: sum, p: 2999, k: 'k0' })
      expect(await run({ ...job, onBadRecord: { action: 'FAIL' } })).toMatchObject({
        status: 'FAILED',
        error: { code: 'record.bad', message: expect.stringMatching(/topic orders, partition 1, offset 411/) },
      })
    })
  }, 120_000)

  test('takes rows out of MySQL into Kafka', async () => {
    await withDatabase(async (url) => {
      await makeTopic(lent.brokers, 'customers', 2)
      await onServer(
        url,
        `CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(50), balance DECIMAL(20,6), born DATE NULL);
         INSERT INTO customers WITH RECURSIVE n AS (SELECT 1 AS id UNION ALL SELECT id + 1 FROM n WHERE id < 500) SELECT id, CONCAT('n "', id), id / 7, NULL FROM n`,
      )
      const job = {
        name: 'customers',
        nodes: [
          { id: 'in', source: 'jdbc', config: { connection: { url }, table: 'customers' } },
          {
            id: 'out',
            sink: 'kafka',
            input: 'in',
            config: { connection: connection(), topic: 'customers', key: 'id', compression: 'gzip' },
          },
        ],
      }
      expect(await run(job)).toMatchObject({ status: 'COMPLETED', records: { read: 500, written: 500 } })
      const found = await consumed(lent.brokers, 'customers')
      expect(new Set(found.map(({ key }) => key)).size).toBe(500)
      expect(found.find(({ key }) => key === '22')?.value).toBe(
        '{"id":22,"name":"n \\"22","balance":3.142857,"born":null}',
      )
    })
  }, 120_000)

  test('of the examples takes orders into Kafka, and another takes them out again', async () => {
    cpSync(join(checkout, 'examples', 'data', 'orders.csv'), join(folder, 'data', 'orders.csv'))
    await makeTopic(lent.brokers, 'orders-of-the-examples', 3)
    const example = async (name: string) => {
      const text = readFileSync(join(checkout, 'examples', `${name}.yaml`), 'utf8')
      return parse(text.replace('topic: orders,', 'topic: orders-of-the-examples,'))
    }
    cpSync(join(checkout, 'examples', 'kafka-connections.yaml'), join(folder, 'kafka-connections.yaml'))
    const connections = ['--connections', 'kafka-connections.yaml']
    process.env.ETL_VAR_DEMO_KAFKA = lent.brokers
    const counted = { status: 'COMPLETED', error: null, records: { read: 40, written: 40 } }
    expect(await run(await example('orders-to-kafka'), ...connections)).toMatchObject(counted)
    expect(await run(await example('orders-from-kafka'), ...connections)).toMatchObject(counted)
    const lines = readFileSync(join(folder, 'out', 'orders-from-kafka.jsonl'), 'utf8')
      .trim()
      .split('\n')
    const orders = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(new Set(orders.map((order) => order.order_id)).size).toBe(40)
    const partitions = new Map(orders.map(({ customer, partition }) => [customer, partition]))
    for (const { customer, key, partition } of orders)
      expect([key, partition]).toEqual([customer, partitions.get(customer)])
  }, 120_000)

  test('that is STREAMING takes messages over until there are none for a while', async () => {
    await makeTopic(lent.brokers, 'from', 2)
    await makeTopic(lent.brokers, 'to', 1)
    await send(
      lent.brokers,
      'from',
      Array.from({ length: 100 }, (_, id) => ({ value: `{"id":${id}}`, partition: id % 2 })),
    )
    const job = {
      name: 'copy',
      type: 'STREAMING',
      checkpoint: { interval: '500ms' },
      nodes: [
        { id: 'in', source: 'kafka', config: { connection: connection(), topic: 'from', columns: { id: 'BIGINT' } } },
        { id: 'out', sink: 'kafka', input: 'in', config: { connection: connection(), topic: 'to' } },
      ],
    }
    const running = run(job, '--until-idle', '4s')
    for (let id = 100; id < 110; id += 1) {
      await send(lent.brokers, 'from', [{ value: `{"id":${id}}` }])
    }
    expect(await running).toMatchObject({ status: 'COMPLETED', records: { written: 110 } })
    const ids = (await consumed(lent.brokers, 'to')).map(({ value }) => JSON.parse(value!).id)
    expect(ids.sort((a, b) => a - b)).toEqual(Array.from({ length: 110 }, (_, id) => id))
  }, 120_000)
})
