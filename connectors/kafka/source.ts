import { JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { withOwnSession } from '../own-session.js'
import type { ConnectorContext, Reached, Source, SourceBatch } from '../spi.js'
import { readAgain } from './again.js'
import { type KafkaClient, openClient, withClient } from './client.js'
import { columnsOf } from './columns.js'
import { commitOffsets } from './commit-offsets.js'
import type { KafkaConnection, KafkaSourceConfig } from './config.js'
import { formatOf } from './formats.js'
import { messageBatch } from './message-batch.js'
import { planTopic, remade, topicOf } from './plan-topic.js'
import type { KafkaPosition, KafkaSplit } from './position.js'
import { readPartition } from './read-partition.js'
import type { Message } from './record-batches.js'
import { untilMessages } from './watch.js'

/** Messages of one batch: by their number and their bytes alone, so that the same split gives the same batches. */
const batchRecords = 131_072
const batchBytes = 32 * 1024 * 1024

/** Reads a topic: a plan fixes the offsets of each partition, and offsets are read again alike (I1). */
export function kafkaSource(config: KafkaSourceConfig, access: KafkaConnection, ctx: ConnectorContext): Source {
  const mode = ctx.job?.mode ?? 'BATCH'
  return {
    async schema() {
      if (mode === 'STREAMING' && config.endAt !== undefined) throw neverEnds()
      return await withClient(access, ctx.signal, 'LOOK', async (client) => {
        await topicOf(client, config.topic)
        return await withOwnSession((session) => columnsOf(client, config, session))
      })
    },

    async plan(from, budget, parallelism) {
      const position = from as KafkaPosition | null
      return await withClient(access, ctx.signal, 'WORK', async (client) => {
        const plan = await planTopic({ client, config, mode }, position, budget, parallelism)
        // Everything before this plan is committed.
        if (position !== null && config.groupId !== undefined) await commitOffsets(client, config, position.next)
        return plan
      })
    },

    async awaitInput(from) {
      const position = from as KafkaPosition | null
      if (position !== null && position.until === null)
        await untilMessages(access, config.topic, position.next, ctx.signal)
    },

    again: (records, schema, session) => readAgain(records, config, schema, session),

    async *read(planned, schema, session): AsyncGenerator<SourceBatch, Reached, void> {
      const split = planned as KafkaSplit
      const client = await openClient(access, ctx.signal, 'WORK')
      try {
        const { id } = await topicOf(client, config.topic)
        if (id !== split.topicId) throw remade(config.topic)
        yield* readSplit(client, split, config, schema, session)
      } finally {
        await client.close()
      }
      // Nobody asks: every plan says where it ends.
      return { position: null, end: false }
    },
  }
}

async function* readSplit(
  client: KafkaClient,
  split: KafkaSplit,
  config: KafkaSourceConfig,
  schema: Schema,
  session: Session,
): AsyncGenerator<SourceBatch, void, void> {
  const payload = schema.slice(0, schema.length - config.metadata.length)
  const reading = {
    place: { topic: config.topic, partition: split.partition },
    format: formatOf(config, payload),
    payload,
    metadata: config.metadata,
    session,
  }
  let batch: Message[] = []
  let bytes = 0
  for await (const messages of readPartition(client, config.topic, split)) {
    for (const message of messages) {
      batch.push(message)
      bytes += Math.max(0, message.valueLength)
      if (batch.length < batchRecords && bytes < batchBytes) continue
      yield await messageBatch(batch, reading)
      batch = []
      bytes = 0
    }
  }
  if (batch.length > 0) yield await messageBatch(batch, reading)
}

const neverEnds = () =>
  new JobError('config.invalid', 'A STREAMING job reads on until it is stopped.', {
    pointer: '/endAt',
    hint: 'Leave `endAt` out, or make it a BATCH job.',
  })
