import { JobError } from '../../core/errors/job-error.js'
import type { Budget } from '../../core/execution/plan.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { SourcePlan } from '../spi.js'
import type { KafkaClient, Topic } from './client.js'
import { type KafkaSourceConfig, momentOf } from './config.js'
import { measureFrom } from './measure.js'
import { offsetsAt, withDefaults } from './offsets.js'
import { isEnd, type KafkaPosition, type Offsets } from './position.js'
import { dealOut, shareBudget } from './share-budget.js'

export interface Planning {
  readonly client: KafkaClient
  readonly config: KafkaSourceConfig
  readonly mode: 'BATCH' | 'STREAMING'
}

/** Exact offsets for the next epoch: what is committed now, as far as the budget goes. */
export async function planTopic(
  planning: Planning,
  from: KafkaPosition | null,
  budget: Budget,
  parallelism: number,
): Promise<SourcePlan> {
  const topic = await topicOf(planning.client, planning.config.topic)
  const position = await positionNow(planning, topic, from)
  const ends = position.until ?? (await stableEnds(planning, position.next))
  const { next } = position
  await checkKept(planning, next, ends)
  const measure = position.measure ?? (await measureFrom(planning.client, planning.config.topic, next, ends))
  const to = shareBudget(next, ends, budget, measure)
  const after: KafkaPosition = { ...position, next: to, measure }
  const splits = dealOut(position.topicId, next, to, parallelism)
  // The group hears of the last offsets from the plan that follows them.
  const told = planning.config.groupId === undefined || splits.every((one) => one.length === 0)
  return { splits, to: after, end: told && isEnd(after) }
}

/** Throws `source.missing`. */
export async function topicOf(client: KafkaClient, name: string): Promise<Topic> {
  const topic = await client.topic(name)
  if (topic !== null) return topic
  const hint = nearestHint(name, await client.topics())
  throw new JobError('source.missing', `There is no topic ${name} (${client.shown}).`, {
    pointer: '/topic',
    ...(hint === null ? {} : { hint }),
  })
}

async function positionNow(planning: Planning, topic: Topic, from: KafkaPosition | null): Promise<KafkaPosition> {
  if (from === null) return await firstPosition(planning, topic)
  if (from.topicId !== topic.id) throw remade(planning.config.topic)
  // What an execution reads is fixed when it starts: what has come since is for the next one (`positions: CONTINUE`).
  if (from.until !== null && !isEnd(from)) return from
  const next = await withNewPartitions(planning, topic, from.next)
  return { ...from, next, until: from.until === null ? null : await endsNow(planning, next) }
}

async function firstPosition(planning: Planning, topic: Topic): Promise<KafkaPosition> {
  const next = await startsOf(planning, topic.partitions)
  const until = planning.mode === 'STREAMING' ? null : await endsNow(planning, next)
  return { topicId: topic.id, next, until, measure: null }
}

async function startsOf({ client, config }: Planning, partitions: readonly number[]): Promise<Offsets> {
  const { topic, startFrom } = config
  if (startFrom === 'EARLIEST') return await offsetsAt(client, topic, partitions, 'EARLIEST')
  const stable = await offsetsAt(client, topic, partitions, 'STABLE')
  if (startFrom === 'LATEST') return stable
  return withDefaults(await offsetsAt(client, topic, partitions, { moment: momentOf(startFrom.timestamp)! }), stable)
}

/** Whatever `startFrom` says: everything in them has been written since reading began. */
async function withNewPartitions({ client, config }: Planning, topic: Topic, next: Offsets): Promise<Offsets> {
  const added = topic.partitions.filter((partition) => next[partition] === undefined)
  return added.length === 0 ? next : { ...next, ...(await offsetsAt(client, config.topic, added, 'EARLIEST')) }
}

async function endsNow(planning: Planning, next: Offsets): Promise<Offsets> {
  const stable = await stableEnds(planning, next)
  const { endAt } = planning.config
  if (typeof endAt !== 'object') return atLeast(stable, next)
  const { client, config } = planning
  const found = await offsetsAt(client, config.topic, Object.keys(next).map(Number), {
    moment: momentOf(endAt.timestamp)!,
  })
  return atLeast(withDefaults(found, stable), next)
}

const stableEnds = ({ client, config }: Planning, next: Offsets): Promise<Offsets> =>
  offsetsAt(client, config.topic, Object.keys(next).map(Number), 'STABLE')

const atLeast = (ends: Offsets, next: Offsets): Offsets =>
  Object.fromEntries(Object.entries(ends).map(([partition, end]) => [partition, Math.max(end, next[partition]!)]))

/** What a topic keeps only for a time may be gone before it was read: that is never passed over in silence. */
async function checkKept({ client, config }: Planning, next: Offsets, ends: Offsets): Promise<void> {
  const wanted = Object.keys(next).filter((partition) => ends[partition]! > next[partition]!)
  const kept = await offsetsAt(client, config.topic, wanted.map(Number), 'EARLIEST')
  for (const partition of wanted) {
    if (kept[partition]! > next[partition]!) throw gone(config.topic, partition, next[partition]!, kept[partition]!)
  }
}

export function gone(topic: string, partition: string | number, from: number, kept: number): JobError {
  return new JobError(
    'source.missing',
    `Topic ${topic}, partition ${partition}: the messages from offset ${from} to ${kept - 1} are gone before they were read.`,
    {
      hint: 'The topic does not keep messages long enough (retention.ms, retention.bytes). What is left can be read by a new execution that starts afresh.',
    },
  )
}

export function remade(topic: string): JobError {
  return new JobError('source.changed', `The topic ${topic} has been deleted and made again since reading began.`, {
    hint: 'Its offsets mean other messages now: start a new execution afresh.',
  })
}
