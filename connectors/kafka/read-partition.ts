import { setTimeout as sleep } from 'node:timers/promises'
import { JobError } from '../../core/errors/job-error.js'
import type { KafkaClient } from './client.js'
import { type Fetched, fetchFrom } from './fetch.js'
import { isAnswer } from './kafka-fault.js'
import { offsetsAt } from './offsets.js'
import { gone } from './plan-topic.js'
import type { KafkaSplit } from './position.js'
import { type Message, recordBatches } from './record-batches.js'

const bytesAtOnce = 8 * 1024 * 1024

/** A broker answers at once where there is something: this often it may say that there is nothing. */
const emptyAnswers = 20

/**
 * The committed messages of a split, as they come. Offsets may be missing, where a topic was compacted or a transaction
 * ended or was aborted: the end is reached when nothing before it is left to read, whether or not something is there.
 */
export async function* readPartition(
  client: KafkaClient,
  topic: string,
  { partition, from, to }: Pick<KafkaSplit, 'partition' | 'from' | 'to'>,
): AsyncGenerator<readonly Message[], void, void> {
  const place = `Topic ${topic}, partition ${partition}`
  const request = (offset: number) =>
    fetchFrom(client, { topic, partition, offset, maxBytes: bytesAtOnce, maxWaitMs: 500, committed: true })
  if (from >= to) return
  let next = from
  let empty = 0
  let pending = ahead(request(next))
  while (next < to) {
    const fetched = await pending.catch((error: unknown) => lost(error, client, topic, { partition, from: next, to }))
    const { messages, reached } = committedOf(fetched, { from: next, to }, client, place)
    if (reached === next) {
      if (fetched.throttledMs > 0) await sleep(Math.min(fetched.throttledMs, 1_000))
      // Up to the last stable offset there is nothing left: what was planned there has been compacted away.
      else if (fetched.lastStable >= to && ++empty >= 3) return
      else if (fetched.lastStable < to && ++empty >= emptyAnswers) throw shortened(place, fetched.lastStable, to)
    } else empty = 0
    next = reached
    // The next answer is on its way while this one is being worked on.
    if (next < to) pending = ahead(request(next))
    if (messages.length > 0) yield messages
  }
}

/** Nobody may be listening when it fails; whoever asks for it hears of it then. */
function ahead<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined)
  return promise
}

function committedOf(
  fetched: Fetched,
  { from, to }: { readonly from: number; readonly to: number },
  client: KafkaClient,
  place: string,
): { readonly messages: Message[]; readonly reached: number } {
  const messages: Message[] = []
  const waiting = [...fetched.aborted].sort((a, b) => a.from - b.from)
  const aborted = new Set<bigint>()
  let reached = from
  for (const batch of recordBatches(fetched.batches, client.wire, place)) {
    while (waiting.length > 0 && waiting[0]!.from <= batch.last) aborted.add(waiting.shift()!.producerId)
    reached = Math.max(reached, batch.last + 1)
    if (batch.control === 'ABORT') aborted.delete(batch.producerId)
    if (batch.isControl || (batch.transactional && aborted.has(batch.producerId))) continue
    for (const message of batch.messages()) {
      if (message.offset >= from && message.offset < to) messages.push(message)
    }
    if (reached >= to) break
  }
  return { messages, reached }
}

async function lost(
  error: unknown,
  client: KafkaClient,
  topic: string,
  split: Omit<KafkaSplit, 'topicId'>,
): Promise<never> {
  if (!isAnswer(error, 'OFFSET_OUT_OF_RANGE')) throw error
  const { partition, from, to } = split
  const kept = (await offsetsAt(client, topic, [partition], 'EARLIEST'))[partition]!
  if (kept > from) throw gone(topic, partition, from, kept)
  throw shortened(`Topic ${topic}, partition ${partition}`, from, to)
}

const shortened = (place: string, end: number, to: number) =>
  new JobError(
    'source.changed',
    `${place} ends at offset ${end}, and was planned up to ${to}: messages have been lost.`,
    {
      hint: 'A broker without all messages may have become the leader (unclean.leader.election.enable). Start a new execution afresh.',
    },
  )
