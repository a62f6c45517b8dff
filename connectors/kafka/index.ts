import { JobError } from '../../core/errors/job-error.js'
import { defineConnector } from '../spi.js'
import { withClient } from './client.js'
import { connectionConfig, type KafkaConnection, keyOf, sinkConfig, sourceConfig } from './config.js'
import { kafkaSink } from './sink.js'
import { kafkaSource } from './source.js'

/** Topics of Apache Kafka, and of what speaks its protocol. */
export const kafka = defineConnector({
  name: 'kafka',
  summary: 'Reads and writes topics of Apache Kafka, from version 3.0 on.',
  connection: {
    config: connectionConfig,
    check: (connection, ctx) =>
      withClient(connection, ctx.signal, 'LOOK', async (client) => {
        const topics = await client.topics()
        return `Connected to ${client.shown}; ${topics.length} ${topics.length === 1 ? 'topic' : 'topics'}.`
      }),
    // What its messages hold is known to whoever writes them.
    discover: (connection, ctx) =>
      withClient(connection, ctx.signal, 'LOOK', async (client) =>
        (await client.topics()).map((name) => ({ name, kind: 'TOPIC', columns: null })),
      ),
  },
  source: {
    config: sourceConfig,
    guarantees: { replayable: true, parallel: true },
    partitions: true,
    endless: (config) => config.endAt === undefined,
    open: (config, connection, ctx) => kafkaSource(config, needed(connection), ctx),
  },
  sink: {
    config: sinkConfig,
    guarantees: { exactlyOnce: true, upsert: false, parallel: true },
    // Messages of a key keep their order.
    key: (config) => (config.key === undefined ? null : keyOf(config)),
    open: (config, connection, ctx) => kafkaSink(config, needed(connection), ctx),
  },
})

function needed(connection: KafkaConnection | null): KafkaConnection {
  if (connection) return connection
  throw new JobError('config.invalid', 'A connection is needed.', { pointer: '/connection' })
}
