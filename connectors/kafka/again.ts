/** Messages from their own words: the values of dead letters, with what is kept of their key, time and headers. */
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import type { OriginalRecord, SourceBatch } from '../spi.js'
import type { Wire } from './client.js'
import type { KafkaSourceConfig } from './config.js'
import { formatOf } from './formats.js'
import { messageBatch } from './message-batch.js'
import { type Message, recordBatches } from './record-batches.js'
import { type Outgoing, writeBatch } from './write-batch.js'

export async function* readAgain(
  records: readonly OriginalRecord[],
  config: KafkaSourceConfig,
  schema: Schema,
  session: Session,
): AsyncGenerator<SourceBatch, void, void> {
  const wire = await import('@platformatic/kafka')
  const payload = schema.slice(0, schema.length - config.metadata.length)
  const common = { format: formatOf(config, payload), payload, metadata: config.metadata, session }
  for (const { partition, members } of groupsOf(records)) {
    const numbers = new Map(members.map(({ record, number }) => [messageOf(record, wire), number]))
    const place = { topic: config.topic, partition }
    yield await messageBatch([...numbers.keys()], { ...common, place, numberOf: (message) => numbers.get(message)! })
  }
}

interface Group {
  readonly partition: number
  readonly members: { readonly number: number; readonly record: OriginalRecord }[]
}

/** Neighbours of one partition. */
function groupsOf(records: readonly OriginalRecord[]): Group[] {
  const groups: Group[] = []
  for (const [number, record] of records.entries()) {
    const { partition = 0 } = record.place
    const last = groups.at(-1)
    if (last?.partition === partition) last.members.push({ number, record })
    else groups.push({ partition, members: [{ number, record }] })
  }
  return groups
}

/** By the way that all messages take. */
function messageOf({ text, form, place }: OriginalRecord, wire: Wire): Message {
  const facts = JSON.parse(form.header ?? '{}') as {
    readonly k?: string | null
    readonly t?: number | null
    readonly h?: Readonly<Record<string, string | null>>
  }
  const outgoing: Outgoing = {
    key: facts.k == null ? null : Buffer.from(facts.k),
    value: Buffer.from(text),
    headers: Object.entries(facts.h ?? {}).map(([name, value]) => [
      Buffer.from(name),
      value === null ? null : Buffer.from(value),
    ]),
  }
  const nobody = { id: -1n, epoch: -1, transactionalId: null }
  const [batch] = recordBatches(writeBatch([outgoing], nobody, -1, 'none', wire), wire, 'A dead letter')
  return { ...batch!.messages()[0]!, offset: place.offset ?? 0, timestamp: facts.t ?? -1 }
}
