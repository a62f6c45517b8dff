import { setTimeout as sleep } from 'node:timers/promises'
import type * as Library from '@platformatic/kafka'
import { JobError } from '../../core/errors/job-error.js'
import type { KafkaConnection } from './config.js'
import { openConnections } from './connections.js'
import { isPassing, kafkaFault } from './kafka-fault.js'

/** The wire protocol: its requests, its compression, its checksum. */
export type Wire = typeof Library
export type Connection = Library.Connection

/** Who answers a request. */
export type Broker =
  | { readonly of: 'ANY' }
  | { readonly of: 'CONTROLLER' }
  | { readonly of: 'LEADER'; readonly topic: string; readonly partition: number }
  | { readonly of: 'COORDINATOR'; readonly kind: 'GROUP' | 'TRANSACTION'; readonly id: string }

export interface Topic {
  /** Another one after it was deleted and made again. */
  readonly id: string
  readonly partitions: readonly number[]
}

/** One cluster, for one piece of work. Requests are repeated while trouble is of the kind that passes. */
export interface KafkaClient {
  readonly wire: Wire
  /** Hosts, for messages. */
  readonly shown: string
  /** Throws `connection.refused`, `connection.denied`, `cancelled`, or what `kafkaFault` makes of the answer. */
  ask<Answer>(broker: Broker, request: (connection: Connection) => Promise<Answer>): Promise<Answer>
  /** null: there is none. */
  topic(name: string): Promise<Topic | null>
  topics(): Promise<readonly string[]>
  close(): Promise<void>
}

/** How long trouble may last that usually passes: a broker that restarts, a partition between two leaders. */
const patience = { WORK: 20_000, LOOK: 2_000 }
/** LOOK: somebody waits for the answer. */
export type Purpose = keyof typeof patience

/** Opens one for a piece of work, and closes it. */
export async function withClient<T>(
  access: KafkaConnection,
  signal: AbortSignal,
  purpose: Purpose,
  use: (client: KafkaClient) => Promise<T>,
): Promise<T> {
  const client = await openClient(access, signal, purpose)
  try {
    return await use(client)
  } finally {
    await client.close()
  }
}

/** Not connected yet: the first request does that. */
export async function openClient(access: KafkaConnection, signal: AbortSignal, purpose: Purpose): Promise<KafkaClient> {
  // Loaded by whoever needs it: that takes longer than everything else that a command does.
  const wire = await import('@platformatic/kafka')
  const connections = openConnections(wire, access)
  const abort = () => void connections.close()
  signal.addEventListener('abort', abort, { once: true })
  const shown = access.brokers.join(', ')
  let leaders = new Map<string, Library.metadataV12.MetadataResponseTopic>()
  let coordinators = new Map<string, number>()

  const describe = async (topics: string[] | null): Promise<Library.metadataV12.MetadataResponse> => {
    const answer = await wire.metadataV12.api.async(await connections.any(), topics, false, false).catch((error) => {
      // An error of one topic is part of the answer.
      if (error instanceof wire.ResponseError && error.response !== undefined) return error.response
      throw error
    })
    connections.learn((answer as Library.metadataV12.MetadataResponse).brokers)
    return answer as Library.metadataV12.MetadataResponse
  }
  const connect = async (broker: Broker): Promise<Connection> => {
    if (broker.of === 'ANY') return await connections.any()
    if (broker.of === 'CONTROLLER') return await connections.to((await describe([])).controllerId)
    return await connections.to(broker.of === 'LEADER' ? await leaderOf(broker) : await coordinatorOf(broker))
  }
  const leaderOf = async ({ topic, partition }: Extract<Broker, { of: 'LEADER' }>): Promise<number> => {
    if (!leaders.has(topic)) {
      const [found] = (await describe([topic])).topics
      if (found === undefined || found.errorCode !== 0) throw new wire.ProtocolError(found?.errorCode ?? 3)
      leaders.set(topic, found)
    }
    const found = leaders.get(topic)!.partitions.find((one) => one.partitionIndex === partition)
    if (found === undefined) throw new wire.ProtocolError('UNKNOWN_TOPIC_OR_PARTITION')
    if (found.leaderId < 0) throw new wire.ProtocolError('LEADER_NOT_AVAILABLE')
    return found.leaderId
  }
  const coordinatorOf = async ({ kind, id }: Extract<Broker, { of: 'COORDINATOR' }>): Promise<number> => {
    const known = coordinators.get(`${kind} ${id}`)
    if (known !== undefined) return known
    const type = kind === 'GROUP' ? 0 : 1
    const answer = await wire.findCoordinatorV4.api.async(await connections.any(), type, [id])
    const [found] = answer.coordinators
    if (found === undefined) throw new wire.ProtocolError('COORDINATOR_NOT_AVAILABLE')
    connections.learn([{ nodeId: found.nodeId, host: found.host, port: found.port }])
    coordinators.set(`${kind} ${id}`, found.nodeId)
    return found.nodeId
  }
  const forget = () => {
    leaders = new Map()
    coordinators = new Map()
  }

  async function ask<Answer>(broker: Broker, request: (connection: Connection) => Promise<Answer>): Promise<Answer> {
    const until = Date.now() + patience[purpose]
    for (let waitMs = 50; ; waitMs = Math.min(waitMs * 2, 1_000)) {
      try {
        return await request(await connect(broker))
      } catch (error) {
        if (signal.aborted) throw new JobError('cancelled', 'It was cancelled.', { cause: error })
        if (!isPassing(error) || Date.now() + waitMs > until) throw kafkaFault(error, shown)
        forget()
        await sleep(waitMs)
      }
    }
  }

  return {
    wire,
    shown,
    ask,
    async topic(name) {
      const [found] = (await ask({ of: 'ANY' }, () => describe([name]))).topics
      if (found === undefined || wire.protocolErrorsCodesById[found.errorCode] === 'UNKNOWN_TOPIC_OR_PARTITION')
        return null
      if (found.errorCode !== 0 && found.partitions.length === 0) {
        throw kafkaFault(new wire.ProtocolError(found.errorCode), shown)
      }
      const partitions = found.partitions.map((one) => one.partitionIndex).sort((a, b) => a - b)
      return { id: found.topicId, partitions }
    },
    async topics() {
      const { topics } = await ask({ of: 'ANY' }, () => describe(null))
      return topics.flatMap(({ name, isInternal }) => (isInternal || !name ? [] : [name])).sort()
    },
    async close() {
      signal.removeEventListener('abort', abort)
      await connections.close()
    },
  }
}
