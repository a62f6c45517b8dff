import type { API, produceV9, Writer } from '@platformatic/kafka'
import type { KafkaClient, Wire } from './client.js'
import type { Compression } from './compression.js'
import { isAnswer, recordErrors } from './kafka-fault.js'
import { addPartition } from './transaction.js'
import { type Outgoing, type Producer, sizeOf, writeBatch } from './write-batch.js'

/** What a broker takes at once unless it is told otherwise, less what a batch needs besides its messages. */
const usualBatch = 1_000_000

/** Beyond this a broker closes the connection instead of answering. */
const largestMessage = 100_000_000

export interface Refused<T> {
  readonly message: T
  readonly why: string
}

/** Writes to the partitions of one topic, in order within each. */
export interface TopicWriter {
  /** How many messages each partition has had of the producer. */
  readonly sequences: ReadonlyMap<number, number>
  /** Answers when the messages are written, with those that the brokers do not take. */
  send<T extends Outgoing>(partition: number, messages: readonly T[]): Promise<Refused<T>[]>
}

export function topicWriter(
  client: KafkaClient,
  producer: Producer,
  topic: string,
  compression: Compression,
  before: ReadonlyMap<number, number> = new Map(),
): TopicWriter {
  const api = produceApi(client.wire)
  const sequences = new Map(before)
  /** In the transaction. */
  const added = new Set<number>()
  /** Learned from the brokers where they take less than usual. */
  let largestBatch = usualBatch

  /** One batch, or halves of it. */
  async function write<T extends Outgoing>(partition: number, messages: readonly T[]): Promise<Refused<T>[]> {
    if (messages.length === 0) return []
    const sequence = sequences.get(partition) ?? 0
    const batch = writeBatch(messages, producer, sequence, compression, client.wire)
    try {
      await client.ask({ of: 'LEADER', topic, partition }, (connection) =>
        api.async(connection, producer.transactionalId, topic, partition, batch),
      )
    } catch (error) {
      // The answer to an earlier attempt was lost on its way.
      if (!isAnswer(error, 'DUPLICATE_SEQUENCE_NUMBER')) return await withoutRefused(partition, messages, batch, error)
    }
    sequences.set(partition, (sequence + messages.length) % 2 ** 31)
    return []
  }

  async function withoutRefused<T extends Outgoing>(
    partition: number,
    messages: readonly T[],
    batch: Buffer,
    error: unknown,
  ): Promise<Refused<T>[]> {
    if (isAnswer(error, 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')) {
      if (messages.length === 1) return [tooLarge(messages[0]!, batch.length)]
      largestBatch = Math.min(largestBatch, Math.ceil(batch.length / 2))
      return await halves(partition, messages)
    }
    if (!isAnswer(error, 'INVALID_RECORD', 'INVALID_TIMESTAMP')) throw error
    const named = recordErrors(error)
    if (messages.length === 1) return [{ message: messages[0]!, why: named.get(0) ?? 'The broker does not take it.' }]
    if (named.size === 0) return await halves(partition, messages)
    const refused = messages.flatMap((message, index) =>
      named.has(index) ? [{ message, why: named.get(index)! }] : [],
    )
    const rest = messages.filter((_, index) => !named.has(index))
    return [...refused, ...(await write(partition, rest))]
  }

  async function halves<T extends Outgoing>(partition: number, messages: readonly T[]): Promise<Refused<T>[]> {
    const middle = messages.length >> 1
    const first = await write(partition, messages.slice(0, middle))
    return [...first, ...(await write(partition, messages.slice(middle)))]
  }

  return {
    sequences,
    async send(partition, messages) {
      if (!added.has(partition)) await addPartition(client, producer, topic, partition)
      added.add(partition)
      const refused: Refused<(typeof messages)[number]>[] = []
      let batch: (typeof messages)[number][] = []
      let size = 0
      for (const message of messages) {
        const more = sizeOf(message)
        if (more > largestMessage) {
          refused.push(tooLarge(message, more))
          continue
        }
        if (batch.length > 0 && size + more > largestBatch) {
          refused.push(...(await write(partition, batch)))
          batch = []
          size = 0
        }
        batch.push(message)
        size += more
      }
      return [...refused, ...(await write(partition, batch))]
    },
  }
}

const tooLarge = <T>(message: T, bytes: number): Refused<T> => ({
  message,
  why: `The message is larger than the topic takes (max.message.bytes): ${bytes} bytes.`,
})

type ProduceRequest = [transactionalId: string | null, topic: string, partition: number, batch: Buffer]

let known: API<ProduceRequest, produceV9.ProduceResponse> | undefined

/** Version 9 with a batch that is written already: it is sent again as it is. */
function produceApi(wire: Wire): API<ProduceRequest, produceV9.ProduceResponse> {
  known ??= wire.createAPI<ProduceRequest, produceV9.ProduceResponse>(
    0,
    9,
    (transactionalId: string | null, topic: string, partition: number, batch: Buffer): Writer =>
      wire.Writer.create()
        .appendString(transactionalId)
        .appendInt16(wire.ProduceAcks.ALL)
        .appendInt32(30_000)
        .appendArray([topic], (writer) =>
          writer.appendString(topic).appendArray([batch], () => writer.appendInt32(partition).appendBytes(batch)),
        )
        .appendTaggedFields(),
    wire.produceV9.parseResponse,
  )
  return known
}
