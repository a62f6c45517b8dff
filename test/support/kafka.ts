/** A broker of Apache Kafka lent to tests, and the library's own clients as an outside view of it. */
import { spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { createConnection } from 'node:net'
import { Admin, Consumer, Producer } from '@platformatic/kafka'
import { withClient } from '../../connectors/kafka/client.js'
import { connectionConfig } from '../../connectors/kafka/config.js'
import { offsetsAt } from '../../connectors/kafka/offsets.js'
// @ts-expect-error set-up scripts are plain JavaScript, they run before any package is there
import { brokerFiles } from '../../scripts/setup/kafka.mjs'
// @ts-expect-error
import { kafkaProgram } from '../../scripts/setup/kafka-program.mjs'
import { freePort, restartable, type Service } from './services.js'

export interface BrokerOptions {
  /** Lines of server.properties besides those that every broker needs. */
  readonly properties?: readonly string[]
  /** Further arguments of the tool that formats the disk. */
  readonly format?: readonly string[]
  /** How clients reach it. */
  readonly listener?: 'PLAINTEXT' | 'SASL_PLAINTEXT' | 'SSL'
}

/** One broker that is its own controller. */
export async function privateKafka(folder: string, options: BrokerOptions = {}): Promise<Service> {
  const { java, classPath } = (await kafkaProgram()) as { readonly java: string; readonly classPath: string }
  const { listener = 'PLAINTEXT', properties = [], format: formatting = [] } = options
  const [port, controller] = [await freePort(), await freePort()]
  const address = `127.0.0.1:${port}`
  const ways = { port, controller, listener, properties, formatting }
  const { format, serve } = brokerFiles(folder, classPath, ways) as Record<'format' | 'serve', string[]>
  const formatted = spawnSync(java, format)
  if (formatted.status !== 0) throw new Error(`the disk cannot be formatted: ${formatted.stderr}${formatted.stdout}`)
  const ready = async () => {
    if (listener !== 'PLAINTEXT') return await listens(port)
    const connection = connectionConfig.parse({ brokers: [address] })
    await withClient(connection, new AbortController().signal, 'LOOK', (client) => client.topics())
  }
  return restartable(address, () => spawn(java, serve, { stdio: 'ignore' }), ready)
}

async function listens(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1' }, () => {
      socket.destroy()
      resolve()
    })
    socket.on('error', reject)
  })
}

export interface Sent {
  readonly key?: string | Buffer
  readonly value: string | Buffer | null
  readonly partition?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly timestamp?: number
}

const client = (brokers: string) => ({ clientId: 'outside', bootstrapBrokers: [brokers] })

export async function makeTopic(
  brokers: string,
  topic: string,
  partitions = 1,
  configs: Readonly<Record<string, string>> = {},
): Promise<void> {
  const admin = new Admin(client(brokers))
  try {
    await admin.createTopics({
      topics: [topic],
      partitions,
      replicas: 1,
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    })
  } finally {
    await admin.close()
  }
  // It is known a moment before it has leaders.
  const connection = connectionConfig.parse({ brokers: [brokers] })
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  await withClient(connection, new AbortController().signal, 'WORK', (one) => offsetsAt(one, topic, all, 'END'))
}

/** `abort`: in a transaction that comes to nothing. */
export async function send(
  brokers: string,
  topic: string,
  messages: readonly Sent[],
  how: 'PLAIN' | 'COMMIT' | 'ABORT' | 'OPEN' = 'PLAIN',
): Promise<() => Promise<void>> {
  const producer = new Producer({
    ...client(brokers),
    // The library's own producer cannot take a transactional id up again.
    idempotent: true,
    ...(how === 'PLAIN' ? {} : { transactionalId: `outside-${randomUUID()}` }),
  })
  const given = messages.map(({ key, value, headers = {}, timestamp, partition = 0 }) => ({
    topic,
    partition,
    ...(key === undefined ? {} : { key: Buffer.from(key) }),
    value: (value === null ? null : Buffer.from(value)) as Buffer,
    headers: new Map(Object.entries(headers).map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
    ...(timestamp === undefined ? {} : { timestamp: BigInt(timestamp) }),
  }))
  if (how === 'PLAIN') await producer.send({ messages: given })
  else {
    const transaction = await producer.beginTransaction()
    await transaction.send({ messages: given })
    if (how === 'OPEN') {
      return async () => {
        await transaction.abort()
        await producer.close()
      }
    }
    await (how === 'COMMIT' ? transaction.commit() : transaction.abort())
  }
  await producer.close()
  return async () => {}
}

/** Everything that is committed, as the library's consumer sees it. */
export async function consumed(
  brokers: string,
  topic: string,
): Promise<
  {
    readonly key: string | null
    readonly value: string | null
    readonly headers: Map<string, string>
    readonly partition: number
  }[]
> {
  const consumer = new Consumer({ ...client(brokers), groupId: `outside-${Math.random().toString(36).slice(2)}` })
  const found: Awaited<ReturnType<typeof consumed>> = []
  try {
    const stream = await consumer.consume({
      topics: [topic],
      mode: 'earliest',
      autocommit: false,
      isolationLevel: 1,
      maxWaitTime: 200,
    })
    const timer = setInterval(() => void stream.close(), 1_500)
    stream.on('data', () => timer.refresh())
    for await (const { key, value, headers, partition } of stream) {
      const texts = [...(headers as Map<Buffer, Buffer>)].map(([name, text]) => [String(name), String(text)] as const)
      found.push({
        key: key == null ? null : String(key),
        value: value == null ? null : String(value),
        headers: new Map(texts),
        partition,
      })
    }
    clearInterval(timer)
  } finally {
    await consumer.close(true)
  }
  return found
}
