import type { KafkaClient } from './client.js'
import { fetchFrom } from './fetch.js'
import type { Measure, Offsets } from './position.js'
import { recordBatches } from './record-batches.js'

/** How large messages are, by a glance at the first of one partition: a budget is in bytes too. */
export async function measureFrom(
  client: KafkaClient,
  topic: string,
  next: Offsets,
  ends: Offsets,
): Promise<Measure | null> {
  const fullest = Object.keys(next).sort((a, b) => ends[b]! - next[b]! - (ends[a]! - next[a]!))[0]
  if (fullest === undefined || ends[fullest]! <= next[fullest]!) return null
  const from = next[fullest]!
  const fetched = await fetchFrom(client, {
    topic,
    partition: Number(fullest),
    offset: from,
    maxBytes: 256 * 1024,
    maxWaitMs: 0,
    committed: true,
  })
  let messages = 0
  let bytes = 0
  let last = from
  for (const batch of recordBatches(fetched.batches, client.wire, `Topic ${topic}, partition ${fullest}`)) {
    last = batch.last
    if (batch.isControl) continue
    const found = batch.messages()
    messages += found.length
    bytes += found[0]?.bytes.length ?? 0
  }
  if (messages === 0) return null
  return { bytesPerMessage: bytes / messages, offsetsPerMessage: Math.max(1, (last + 1 - from) / messages) }
}
