/** Topics that sources of this process wait on: each is looked at by one client, however many wait. */
import { setTimeout as sleep } from 'node:timers/promises'
import { untilFound, type Waiting } from '../waiting.js'
import { type KafkaClient, withClient } from './client.js'
import type { KafkaConnection } from './config.js'
import { offsetsAt } from './offsets.js'
import type { Offsets } from './position.js'

const everyMs = 500
/** New partitions are looked for less often than new messages. */
const partitionsEvery = 10

/** By their next offsets. */
type Watched = Set<Waiting<Offsets>>

const topics = new Map<string, Watched>()

/** Until there is a message that is not read yet, or a new partition, or the signal is aborted; also where a look fails. */
export async function untilMessages(
  access: KafkaConnection,
  topic: string,
  next: Offsets,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return
  const name = JSON.stringify([access, topic])
  const watched = topics.get(name) ?? open(name, access, topic)
  await untilFound(watched, next, signal)
}

function open(name: string, access: KafkaConnection, topic: string): Watched {
  const watched: Watched = new Set()
  topics.set(name, watched)
  const watching = withClient(access, new AbortController().signal, 'LOOK', (client) => watch(client, topic, watched))
  void watching
    // Whoever waits makes a plan, which tells what is wrong.
    .catch(() => undefined)
    .then(() => {
      topics.delete(name)
      for (const { found } of [...watched]) found()
    })
  return watched
}

async function watch(client: KafkaClient, topic: string, waiting: Watched): Promise<void> {
  let partitions: readonly number[] = []
  for (let look = 0; ; look += 1) {
    if (look % partitionsEvery === 0) partitions = (await client.topic(topic))?.partitions ?? []
    const ends = await offsetsAt(client, topic, partitions, 'STABLE')
    for (const { wanted, found } of [...waiting]) {
      if (partitions.some((partition) => ends[partition]! > (wanted[partition] ?? -1))) found()
    }
    // Nobody comes between here and the end of this function.
    if (waiting.size === 0) return
    await sleep(everyMs)
    if (waiting.size === 0) return
  }
}
