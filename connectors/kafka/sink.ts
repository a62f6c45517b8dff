import type { ConnectorContext, Sink, SinkKey } from '../spi.js'
import { checkTarget } from './check-target.js'
import { type KafkaClient, openClient, withClient } from './client.js'
import type { KafkaConnection, KafkaSinkConfig } from './config.js'
import { asSinkFault } from './kafka-fault.js'
import { openKafkaSink } from './open-sink.js'
import { topicOf } from './plan-topic.js'
import { topicWriter } from './produce.js'
import { makeProgressTopic, progressPartition, progressTopic, readProgress, writeProgress } from './progress-topic.js'
import { takeFence } from './take-fence.js'
import { endTransaction, initProducer } from './transaction.js'

/** Writes to a topic: exactly once by transactions that hold the mark too (DESIGN section 5), or without, at least once. */
export function kafkaSink(config: KafkaSinkConfig, access: KafkaConnection, ctx: ConnectorContext): Sink {
  const exactlyOnce = ctx.job?.delivery !== 'AT_LEAST_ONCE'
  return {
    check: (input) => withClient(access, ctx.signal, 'LOOK', (client) => checkTarget(client, config, input)),

    prepare: (keys) =>
      withClient(access, ctx.signal, 'WORK', async (client) => {
        await topicOf(client, config.topic)
        if (exactlyOnce) await prepareProgress(client, keys)
      }).catch((error: unknown) => {
        throw asSinkFault(error)
      }),

    async open(key, fence, input) {
      const client = await openClient(access, ctx.signal, 'WORK')
      try {
        const { partitions } = await topicOf(client, config.topic)
        const taken = exactlyOnce ? await takeFence(client, key, fence) : await withoutFence(client)
        const turn = fence.epoch + key.subtask
        const abandon = () =>
          withClient(access, new AbortController().signal, 'LOOK', (other) =>
            endTransaction(other, taken.producer, false),
          )
        return openKafkaSink({ client, config, input, partitions: partitions.length, turn, taken, abandon })
      } catch (error) {
        await client.close()
        throw asSinkFault(error)
      }
    },

    // What is committed is visible.
    finish: async () => {},
  }
}

async function withoutFence(client: KafkaClient) {
  return { producer: await initProducer(client, null), committed: null, progress: null }
}

/** Idempotent: what is there already stays, whoever else may prepare at the same time. */
async function prepareProgress(client: KafkaClient, keys: readonly SinkKey[]): Promise<void> {
  await makeProgressTopic(client)
  const writer = topicWriter(client, await initProducer(client, null), progressTopic, 'none')
  for (const key of keys) {
    const partition = await progressPartition(client, key)
    const { prepared } = await readProgress(client, partition, key)
    if (!prepared) await writeProgress(writer, partition, key, 'prepared', true)
  }
}
