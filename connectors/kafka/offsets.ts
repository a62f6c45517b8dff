import type { KafkaClient } from './client.js'
import type { Offsets } from './position.js'

/** `EARLIEST`: the oldest that is kept. `STABLE`: before it every transaction has ended. `END`: what is written, whatever becomes of it. */
export type Where = 'EARLIEST' | 'STABLE' | 'END' | { readonly moment: number }

/** Offsets of partitions; of a moment: of the first message that is not older, or null where there is none. */
export async function offsetsAt<At extends Where>(
  client: KafkaClient,
  topic: string,
  partitions: readonly number[],
  where: At,
): Promise<Readonly<Record<string, At extends string ? number : number | null>>> {
  const timestamp = where === 'EARLIEST' ? -2n : typeof where === 'string' ? -1n : BigInt(where.moment)
  const isolation = where === 'END' ? 0 : 1
  const entries = partitions.map(async (partition) => {
    const answer = await client.ask({ of: 'LEADER', topic, partition }, (connection) =>
      client.wire.listOffsetsV6.api.async(connection, -1, isolation, [
        { name: topic, partitions: [{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp }] },
      ]),
    )
    const offset = Number(answer.topics[0]?.partitions[0]?.offset ?? -1n)
    return [String(partition), offset < 0 ? null : offset] as const
  })
  return Object.fromEntries(await Promise.all(entries)) as Readonly<Record<string, never>>
}

/** Where offsets are known to be. */
export const withDefaults = (offsets: Readonly<Record<string, number | null>>, defaults: Offsets): Offsets =>
  Object.fromEntries(Object.entries(offsets).map(([partition, offset]) => [partition, offset ?? defaults[partition]!]))
