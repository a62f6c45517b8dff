import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import type { OpenSink, RejectedRow, SinkBatch } from '../spi.js'
import type { KafkaClient } from './client.js'
import type { KafkaSinkConfig } from './config.js'
import { selectMessages } from './encode.js'
import { asSinkFault } from './kafka-fault.js'
import { partitionOf } from './murmur2.js'
import { topicWriter } from './produce.js'
import type { Taken } from './take-fence.js'
import { endTransaction } from './transaction.js'
import { type Outgoing, sizeOf } from './write-batch.js'

interface Writing {
  readonly client: KafkaClient
  readonly config: KafkaSinkConfig
  readonly input: Schema
  readonly partitions: number
  /** Where messages without a key begin to take turns. */
  readonly turn: number
  readonly taken: Taken
  /** Lets go of what was begun, also where the work was cancelled. */
  readonly abandon: () => Promise<void>
}

interface Row extends Outgoing {
  readonly rowid: number
}

const rowsAtOnce = 20_000

/** A turn of a partition, of messages without a key: about a batch. */
const bytesOfTurn = 500_000

/** One epoch is one transaction, which begins with its first message; its last one is the mark. */
export function openKafkaSink({ client, config, input, partitions, turn, taken, abandon }: Writing): OpenSink {
  const { producer, progress } = taken
  const writer = topicWriter(client, producer, config.topic, config.compression)
  const headerNames = Object.keys(config.headers ?? {}).map((name) => Buffer.from(name))
  let bytes = 0
  let begun = false
  let closed = false
  let lost = false
  let keyless = { partition: turn % partitions, left: bytesOfTurn }

  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      begun = true
      return await work()
    } catch (error) {
      const told = progress === null ? error : await progress.explain(error)
      lost = told !== error
      throw asSinkFault(told)
    }
  }

  const partitionFor = (row: Row): number => {
    if (row.key !== null) return partitionOf(row.key, partitions)
    if (keyless.left <= 0) keyless = { partition: (keyless.partition + 1) % partitions, left: bytesOfTurn }
    keyless.left -= sizeOf(row)
    return keyless.partition
  }

  const write = async (batch: SinkBatch, session: Session): Promise<readonly RejectedRow[]> => {
    const select = selectMessages(config, input, batch.table)
    const rowsFrom = (from: number) =>
      session.rows(`${select} WHERE rowid >= ${from} AND rowid < ${from + rowsAtOnce} ORDER BY rowid`)
    const rejected: RejectedRow[] = []
    let next = rowsFrom(0)
    for (let from = 0; from < batch.records; from += rowsAtOnce) {
      const rows = (await next).map((row) => readRow(row, headerNames))
      // The next rows are on their way while these are being sent.
      if (from + rowsAtOnce < batch.records) {
        next = rowsFrom(from + rowsAtOnce)
        next.catch(() => undefined)
      }
      bytes += rows.reduce((sum, row) => sum + sizeOf(row), 0)
      const byPartition = grouped(rows, partitionFor)
      const sent = await Promise.all([...byPartition].map(([partition, part]) => writer.send(partition, part)))
      for (const { message, why } of sent.flat()) {
        rejected.push({ rowid: message.rowid, code: 'record.bad', message: why })
      }
    }
    return rejected.sort((a, b) => a.rowid - b.rowid)
  }

  return {
    committed: taken.committed,
    method: progress === null ? 'PRODUCE' : 'TRANSACTION',
    bytes: () => bytes,
    append: (batch, session) => (batch.records === 0 ? Promise.resolve([]) : guarded(() => write(batch, session))),
    commit: (mark) =>
      guarded(async () => {
        if (progress === null) return
        await progress.setMark(mark)
        await endTransaction(client, producer, true)
        begun = false
      }),
    async close() {
      if (closed) return
      closed = true
      await client.close()
      // Readers wait for its end. Where that cannot be said now, the next writer says it.
      if (begun && !lost) await abandon().catch(() => undefined)
    },
  }
}

function grouped(rows: readonly Row[], partitionFor: (row: Row) => number): ReadonlyMap<number, Row[]> {
  const groups = new Map<number, Row[]>()
  for (const row of rows) {
    const partition = partitionFor(row)
    const group = groups.get(partition)
    if (group) group.push(row)
    else groups.set(partition, [row])
  }
  return groups
}

function readRow(row: readonly unknown[], headerNames: readonly Buffer[]): Row {
  const [key, value] = row
  const headers = headerNames.flatMap((name, index) => {
    const text = bytesOf(row[index + 2])
    return text === null ? [] : [[name, text] as const]
  })
  return { key: bytesOf(key), value: bytesOf(value), headers, rowid: Number(row.at(-1)) }
}

function bytesOf(value: unknown): Buffer | null {
  if (value === null || value === undefined) return null
  return value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.length)
    : Buffer.from(String(value))
}
