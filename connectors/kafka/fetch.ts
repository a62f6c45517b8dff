import type { API, fetchV12, Reader } from '@platformatic/kafka'
import type { Connection, KafkaClient, Wire } from './client.js'

/** What a broker gives of one partition, from an offset on. */
export interface Fetched {
  readonly highWatermark: number
  /** Before it every transaction has ended. */
  readonly lastStable: number
  readonly logStart: number
  /** Transactions that were aborted, by where they began. */
  readonly aborted: readonly { readonly producerId: bigint; readonly from: number }[]
  /** Record batches as they lie on the broker's disk; the first may begin before the offset, the last may be cut off. */
  readonly batches: Buffer
  /** How long the broker held the answer back because of a quota; it may be empty for that alone. */
  readonly throttledMs: number
}

export interface FetchFrom {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly maxBytes: number
  readonly maxWaitMs: number
  readonly committed: boolean
}

/** Throws what `kafkaFault` makes of an error; one of the partition's is thrown as the library's `ProtocolError`. */
export async function fetchFrom(client: KafkaClient, from: FetchFrom): Promise<Fetched> {
  const { topic, partition, offset, maxBytes, maxWaitMs, committed } = from
  const api = fetchApi(client.wire)
  const partitions = [
    {
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(offset),
      lastFetchedEpoch: -1,
      partitionMaxBytes: maxBytes,
    },
  ]
  return await client.ask({ of: 'LEADER', topic, partition }, (connection: Connection) =>
    api.async(connection, maxWaitMs, 1, maxBytes, committed ? 1 : 0, 0, -1, [{ topicId: topic, partitions }], [], ''),
  )
}

let known: API<fetchV12.FetchRequest, Fetched> | undefined

/** Version 12 names topics and not their ids. The library would make an object of every message. */
function fetchApi(wire: Wire): API<fetchV12.FetchRequest, Fetched> {
  known ??= wire.createAPI<fetchV12.FetchRequest, Fetched>(
    1,
    12,
    wire.fetchV12.createRequest,
    (_correlation, _key, _version, reader) => parse(wire, reader),
  )
  return known
}

function parse(wire: Wire, reader: Reader): Fetched {
  const throttledMs = reader.readInt32()
  refuse(wire, reader.readInt16())
  // The session, then one topic with one partition.
  reader.skip(4)
  reader.readUnsignedVarInt()
  reader.readString()
  reader.readUnsignedVarInt()
  reader.skip(4)
  refuse(wire, reader.readInt16())
  const highWatermark = Number(reader.readInt64())
  const lastStable = Number(reader.readInt64())
  const logStart = Number(reader.readInt64())
  const aborted = reader.readArray((one) => ({ producerId: one.readInt64(), from: Number(one.readInt64()) }))
  reader.skip(4)
  const size = Math.max(0, reader.readUnsignedVarInt() - 1)
  const batches = Buffer.from(reader.buffer.slice(reader.position, reader.position + size))
  return { highWatermark, lastStable, logStart, aborted, batches, throttledMs }
}

function refuse(wire: Wire, code: number): void {
  if (code !== 0) throw new wire.ProtocolError(code)
}
