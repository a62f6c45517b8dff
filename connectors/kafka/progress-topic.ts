import { setTimeout as sleep } from 'node:timers/promises'
import { JobError } from '../../core/errors/job-error.js'
import { compareFences, type Fence } from '../../core/execution/fence.js'
import type { Mark, SinkKey } from '../spi.js'
import type { KafkaClient } from './client.js'
import { fetchFrom } from './fetch.js'
import { isAnswer } from './kafka-fault.js'
import { partitionOf } from './murmur2.js'
import { offsetsAt } from './offsets.js'
import type { TopicWriter } from './produce.js'
import { type Message, recordBatches } from './record-batches.js'
import type { Outgoing } from './write-batch.js'

/**
 * Fences and marks of all sinks that write into a cluster, beside the data: they commit in the same transactions (I2).
 * Compacted, so that of each key only the newest stays; after 30 days without one a lineage counts as cleared away.
 */
export const progressTopic = 'etl-sink-progress'
const partitions = 16
const configs = {
  'cleanup.policy': 'compact,delete',
  'retention.ms': String(30 * 86_400_000),
  'segment.ms': String(3_600_000),
  'segment.bytes': String(16 * 1024 * 1024),
  'min.cleanable.dirty.ratio': '0.1',
}

export interface Progress {
  /** Only `prepare` writes that. */
  readonly prepared: boolean
  readonly fence: Fence | null
  readonly mark: Mark | null
}

type Kind = keyof Progress

/** Made where there is none. */
export async function makeProgressTopic(client: KafkaClient): Promise<void> {
  if ((await client.topic(progressTopic)) !== null) return
  const topic = {
    name: progressTopic,
    numPartitions: partitions,
    replicationFactor: -1,
    assignments: [],
    configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
  }
  try {
    await client.ask({ of: 'CONTROLLER' }, (connection) =>
      client.wire.createTopicsV7.api.async(connection, [topic], 30_000, false),
    )
  } catch (error) {
    // Another one was quicker, or the answer could not be read: what counts is that it is there.
    if (!isAnswer(error, 'TOPIC_ALREADY_EXISTS') && (await client.topic(progressTopic)) === null) {
      throw new JobError('sink.unsupported', `The topic ${progressTopic} cannot be made (${client.shown}).`, {
        cause: error,
        hint: `Make it, compacted (cleanup.policy=compact), or allow this user to; or say \`delivery: AT_LEAST_ONCE\`.`,
      })
    }
  }
  for (let tries = 0; tries < 100 && (await client.topic(progressTopic)) === null; tries += 1) await sleep(100)
}

/** The partition of a key. */
export async function progressPartition(client: KafkaClient, key: SinkKey): Promise<number> {
  const topic = await client.topic(progressTopic)
  if (topic !== null) return partitionOf(Buffer.from(nameOf(key)), topic.partitions.length)
  throw new JobError('fenced', `The topic ${progressTopic} is gone, and with it what this sink had written.`)
}

export async function writeProgress<Of extends Kind>(
  writer: TopicWriter,
  partition: number,
  key: SinkKey,
  kind: Of,
  value: Progress[Of],
): Promise<void> {
  const message: Outgoing = {
    key: Buffer.from(keyOf(key, kind)),
    value: Buffer.from(JSON.stringify(value)),
    headers: [],
  }
  const [refused] = await writer.send(partition, [message])
  if (refused) throw new JobError('sink.refused', `The topic ${progressTopic} does not take a mark: ${refused.why}`)
}

/**
 * Everything that is committed of a key, up to the end of what is written now. Others' transactions may be open for long,
 * and are not waited for: what an end of a transaction commits or aborts is told by its producer.
 */
export async function readProgress(client: KafkaClient, partition: number, key: SinkKey): Promise<Progress> {
  const end = (await offsetsAt(client, progressTopic, [partition], 'END'))[partition]!
  const wanted = new Map((['prepared', 'fence', 'mark'] as const).map((kind) => [keyOf(key, kind), kind]))
  const found: { -readonly [Of in Kind]: Progress[Of] } = { prepared: false, fence: null, mark: null }
  const take = ({ bytes, keyAt, keyLength, valueAt, valueLength }: Message) => {
    const kind = wanted.get(bytes.toString('utf8', keyAt, keyAt + Math.max(0, keyLength)))
    if (kind === undefined || valueLength < 0) return
    const value = JSON.parse(bytes.toString('utf8', valueAt, valueAt + valueLength))
    if (kind !== 'fence' || found.fence === null || compareFences(value, found.fence) > 0) found[kind] = value
  }
  const open = new Map<bigint, Message[]>()
  let next = (await offsetsAt(client, progressTopic, [partition], 'EARLIEST'))[partition]!
  while (next < end) {
    const { batches, throttledMs } = await fetchFrom(client, {
      topic: progressTopic,
      partition,
      offset: next,
      maxBytes: 4 * 1024 * 1024,
      maxWaitMs: 100,
      committed: false,
    })
    const before = next
    for (const batch of recordBatches(batches, client.wire, `Topic ${progressTopic}, partition ${partition}`)) {
      next = Math.max(next, batch.last + 1)
      if (batch.isControl) {
        if (batch.control === 'COMMIT') for (const message of open.get(batch.producerId) ?? []) take(message)
        open.delete(batch.producerId)
      } else if (batch.transactional) {
        open.set(batch.producerId, [...(open.get(batch.producerId) ?? []), ...batch.messages()])
      } else for (const message of batch.messages()) take(message)
    }
    // Up to the end there is always something, unless a quota holds it back: compaction spares what was written last.
    if (next === before) await sleep(Math.min(Math.max(throttledMs, 20), 1_000))
  }
  return found
}

const nameOf = ({ lineageId, sinkUid, subtask }: SinkKey) => JSON.stringify([lineageId, sinkUid, subtask])
const keyOf = ({ lineageId, sinkUid, subtask }: SinkKey, kind: Kind) =>
  JSON.stringify([lineageId, sinkUid, subtask, kind])
