/** How fast the messages of a topic become rows of a table. */
import { createReadStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Admin, Producer } from '@platformatic/kafka'
import { text } from '../duckdb/sql.js'
import type { Benchmark, Contest } from './benchmark.js'
import { cpu, elapsed, ratioFigure } from './figures.js'
import { valuesToFile } from './raw/consumer.js'
import { flightColumns, readFlights, runDuckdb } from './raw/duckdb.js'
import { loadFile, runMysql } from './raw/mysql.js'
import type { Rig } from './rig.js'
import { untilQuiet, withCpu } from './usage.js'

const records = 500_000
const partitions = 4
const topic = 'flights'

export const kafka: Benchmark = {
  name: 'kafka',
  ours: '500,000 messages of JSON from a topic of four partitions into a new table of MySQL',
  raw: 'a consumer by hand: values into a file, DuckDB from JSON to CSV, LOAD DATA LOCAL',
  rounds: 3,
  onlyByName: true,
  prepare: contest,
  judge: (pairs) => [ratioFigure(pairs, { ...elapsed, factor: 1.3 }), ratioFigure(pairs, { ...cpu, factor: null })],
}

async function contest(rig: Rig): Promise<Contest> {
  const brokers = process.env.ETL_BENCH_KAFKA
  if (brokers === undefined || brokers === '')
    throw new Error('There is no broker: start this by npm run bench -- kafka.')
  const broker = Number(process.env.ETL_BENCH_KAFKA_PID) || null
  await fillTopic(rig, brokers)
  const { server, target, pids, files, connection } = rig
  const [table, beside] = ['flights_kafka', 'flights_kafka_raw']
  const [lines, csv] = [join(files, 'kafka.jsonl'), join(files, 'kafka.csv')]
  const source = { connection: { brokers: [brokers] }, topic, startFrom: 'EARLIEST', columns: flightColumns }
  const jobId = await server.save({
    name: 'kafka',
    nodes: [
      { id: 'topic', source: 'kafka', config: source },
      { id: 'table', sink: 'jdbc', input: 'topic', config: { connection, table, createTable: true } },
    ],
  })
  return {
    ours: async () => {
      await runMysql(target, `DROP TABLE IF EXISTS ${table}`)
      await untilQuiet(pids.database)
      const used = await withCpu([pids.worker, pids.api, pids.database, broker], () => server.execute(jobId))
      return { ms: used.value.ms, cpuMs: used.cpuMs }
    },
    raw: async () => {
      await runMysql(target, `DROP TABLE IF EXISTS ${beside}`, `CREATE TABLE ${beside} LIKE ${table}`)
      await Promise.all([lines, csv].map((file) => rm(file, { force: true })))
      await untilQuiet(pids.database)
      const { ms, cpuMs } = await withCpu([process.pid, pids.database, broker], async () => {
        await valuesToFile(brokers, topic, records, lines)
        await runDuckdb(
          `COPY (SELECT * FROM ${readLines(lines)}) TO ${text(csv)} (FORMAT csv, HEADER false, NULLSTR 'NULL')`,
        )
        await loadFile(target, beside, csv)
      })
      return { ms, cpuMs }
    },
    compare: async () => {
      const digest = (name: string) =>
        `SELECT count(*), sum(crc32(concat_ws('|', date, delay, distance, origin, destination))) FROM ${name}`
      const [one, other] = [await runMysql(target, digest(table)), await runMysql(target, digest(beside))]
      const [a, b] = [one, other].map((rows) => JSON.stringify(Object.values(rows[0] ?? {})))
      if (a !== b || !a?.includes(String(records))) throw new Error(`The two tables differ: ${a}, ${b}.`)
    },
  }
}

async function fillTopic({ files, flights }: Rig, brokers: string): Promise<void> {
  const file = join(files, 'messages.jsonl')
  await runDuckdb(`COPY (SELECT * FROM ${readFlights(flights)} LIMIT ${records}) TO ${text(file)} (FORMAT json)`)
  const client = { clientId: 'bench', bootstrapBrokers: [brokers] }
  const admin = new Admin(client)
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  await admin.close()
  const producer = new Producer(client)
  let number = 0
  const messages: { topic: string; partition: number; value: Buffer }[] = []
  const flush = async () => {
    await producer.send({ messages: messages.splice(0) })
  }
  for await (const line of createInterface({ input: createReadStream(file) })) {
    messages.push({ topic, partition: number++ % partitions, value: Buffer.from(line) })
    if (messages.length === 5_000) await flush()
  }
  if (messages.length > 0) await flush()
  await producer.close()
}

function readLines(file: string): string {
  const columns = Object.entries(flightColumns).map(([name, type]) => `${text(name)}: ${text(type)}`)
  return `read_json(${text(file)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`
}
