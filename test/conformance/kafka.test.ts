import { beforeAll } from '@jest/globals'
import { kafka } from '../../connectors/kafka/index.js'
import type { ConnectorContext } from '../../connectors/spi.js'
import { describeWithKafka } from '../support/describe-with-kafka.js'
import { consumed, makeTopic, send } from '../support/kafka.js'
import { describeSink } from './sink-suite.js'
import { describeSource } from './source-suite.js'

const ctx: ConnectorContext = { base: '/', fileRoots: [], signal: new AbortController().signal }

describeWithKafka('kafka', (lent) => {
  const sourceOf = (config: Record<string, unknown>, signal = ctx.signal) => {
    const connection = kafka.connection!.config.parse({ brokers: [lent.brokers] })
    return kafka.source!.open(kafka.source!.config.parse({ connection, ...config }), connection, { ...ctx, signal })
  }
  const columns = { id: 'BIGINT', name: 'VARCHAR', amount: 'DECIMAL(10,2)' }
  const metadata = ['partition', 'offset', 'key', 'headers']
  const small = { records: 7, bytes: 10_000 }
  const run = Date.now().toString(36)

  beforeAll(async () => {
    const values = Array.from({ length: 40 }, (_, index) => index)
    const json = values.map((id) => ({
      key: `k${id}`,
      value: id % 11 === 3 ? null : JSON.stringify({ id, name: `n "${id}"\n`, amount: id / 4 }, null, id % 2),
      headers: { trace: `t${id}` },
    }))
    await makeTopic(lent.brokers, `one-${run}`)
    await send(lent.brokers, `one-${run}`, json)
    await makeTopic(lent.brokers, `three-${run}`, 3)
    await send(
      lent.brokers,
      `three-${run}`,
      json.map((message, index) => ({ ...message, partition: (index * index) % 3 })),
    )
    await makeTopic(lent.brokers, `lines-${run}`)
    const csv = values.map((id) => ({ value: id % 11 === 3 ? null : `${id},"n ""${id}""\n",${id / 4}\n` }))
    await send(lent.brokers, `lines-${run}`, csv)
    await makeTopic(lent.brokers, `gaps-${run}`)
    for (const id of values) {
      await send(lent.brokers, `gaps-${run}`, [json[id]!], id % 5 === 2 ? 'COMMIT' : 'PLAIN')
      if (id % 7 === 1) await send(lent.brokers, `gaps-${run}`, [json[id]!], 'ABORT')
    }
  }, 120_000)

  describeSource('kafka, JSON of one partition', async () => ({
    open: (signal) => sourceOf({ topic: `one-${run}`, columns, metadata }, signal),
    records: 40,
    small,
  }))
  describeSource('kafka, JSON of three partitions', async () => ({
    open: (signal) =>
      sourceOf({ topic: `three-${run}`, metadata: ['topic', 'timestamp', 'partition', 'offset'] }, signal),
    records: 40,
    small,
    several: true,
  }))
  describeSource('kafka, between transactions that were aborted', async () => ({
    open: (signal) => sourceOf({ topic: `gaps-${run}`, columns }, signal),
    records: 40,
    small,
  }))
  describeSource('kafka, lines of CSV', async () => ({
    open: (signal) => sourceOf({ topic: `lines-${run}`, columns, metadata, format: 'csv' }, signal),
    records: 40,
    small,
  }))
  describeSource('kafka, as it is', async () => ({
    open: (signal) => sourceOf({ topic: `lines-${run}`, format: 'raw' }, signal),
    records: 40,
    small,
  }))

  let number = 0
  const sinkOf = (config: Record<string, unknown>) => {
    const connection = kafka.connection!.config.parse({ brokers: [lent.brokers] })
    return kafka.sink!.open(kafka.sink!.config.parse({ connection, ...config }), connection, ctx)
  }
  const sinkInto = async (config: Record<string, unknown>, partitions: number) => {
    const topic = `out-${run}-${++number}`
    await makeTopic(lent.brokers, topic, partitions)
    return {
      open: () => sinkOf({ topic, ...config }),
      visible: async () =>
        (await consumed(lent.brokers, topic)).map(({ value }) => Number(JSON.parse(value!).id)).sort((a, b) => a - b),
    }
  }
  describeSink('kafka', () => sinkInto({}, 1))
  describeSink('kafka, by key into three partitions, compressed', () =>
    sinkInto({ key: 'id', headers: { name: 'name' }, compression: 'lz4' }, 3),
  )
})
