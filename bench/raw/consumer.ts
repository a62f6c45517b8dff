/** A consumer of Kafka as one would write it by hand. */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { Consumer } from '@platformatic/kafka'

/** The values of so many messages, a line each, into a file. */
export async function valuesToFile(brokers: string, topic: string, messages: number, file: string): Promise<void> {
  const consumer = new Consumer({
    clientId: 'raw',
    groupId: `raw-${process.hrtime.bigint()}`,
    bootstrapBrokers: [brokers],
  })
  const out = createWriteStream(file, { highWaterMark: 4 * 1024 * 1024 })
  const newline = Buffer.from('\n')
  try {
    const stream = await consumer.consume({
      topics: [topic],
      mode: 'earliest',
      autocommit: false,
      maxBytes: 16 * 1024 * 1024,
      maxWaitTime: 100,
    })
    let left = messages
    for await (const { value } of stream) {
      out.write(value)
      if (!out.write(newline)) await once(out, 'drain')
      if (--left === 0) break
    }
    out.end()
    await once(out, 'finish')
  } finally {
    await consumer.close(true)
  }
}
