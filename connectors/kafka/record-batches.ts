/** Record batches of version 2, the only one that brokers have written since Kafka 0.11. */
import { JobError } from '../../core/errors/job-error.js'
import type { Wire } from './client.js'
import { unpack } from './compression.js'

/** One message; its bytes are a stretch of the batch that it came in. -1 as a length: there is none. */
export interface Message {
  readonly offset: number
  /** Milliseconds since 1970, -1: none. */
  readonly timestamp: number
  readonly bytes: Buffer
  readonly keyAt: number
  readonly keyLength: number
  readonly valueAt: number
  readonly valueLength: number
  readonly headersAt: number
}

export interface RecordBatch {
  readonly first: number
  readonly last: number
  readonly producerId: bigint
  readonly transactional: boolean
  /** No messages, but a note of the brokers: most often that a transaction has ended, and how. */
  readonly isControl: boolean
  readonly control: 'COMMIT' | 'ABORT' | null
  messages(): Message[]
}

const headLength = 61
const compressionBits = 0x07
const appendTime = 0x08
const inTransaction = 0x10
const controlBit = 0x20

/** A batch that is cut off at the end is left out: the next fetch gives it whole. */
export function* recordBatches(bytes: Buffer, wire: Wire, place: string): Generator<RecordBatch, void, void> {
  let at = 0
  while (bytes.length - at >= 17) {
    const end = at + 12 + bytes.readInt32BE(at + 8)
    const magic = bytes.readInt8(at + 16)
    if (magic !== 2) throw unreadable(place, `messages of format ${magic}, which brokers wrote before Kafka 0.11`)
    if (end > bytes.length) return
    yield readBatch(bytes.subarray(at, end), wire, place)
    at = end
  }
}

function readBatch(bytes: Buffer, wire: Wire, place: string): RecordBatch {
  const first = Number(bytes.readBigInt64BE(0))
  if (wire.crc32c(bytes.subarray(21)) !== bytes.readUInt32BE(17)) {
    throw unreadable(place, `a batch from offset ${first} on that does not agree with its checksum`)
  }
  const attributes = bytes.readInt16BE(21)
  const messages = () => readMessages(bytes, first, attributes, wire, place)
  const isControl = (attributes & controlBit) !== 0
  return {
    first,
    last: first + bytes.readInt32BE(23),
    producerId: bytes.readBigInt64BE(43),
    transactional: (attributes & inTransaction) !== 0,
    isControl,
    control: isControl ? controlOf(messages()) : null,
    messages,
  }
}

/** The key of its one message: version, then 0 for abort and 1 for commit. */
function controlOf([note]: readonly Message[]): 'COMMIT' | 'ABORT' | null {
  if (note === undefined || note.keyLength < 4) return null
  const type = note.bytes.readInt16BE(note.keyAt + 2)
  return type === 1 ? 'COMMIT' : type === 0 ? 'ABORT' : null
}

function readMessages(batch: Buffer, first: number, attributes: number, wire: Wire, place: string): Message[] {
  const firstTime = Number(batch.readBigInt64BE(27))
  const brokersTime = (attributes & appendTime) === 0 ? null : Number(batch.readBigInt64BE(35))
  const count = batch.readInt32BE(57)
  const packed = attributes & compressionBits
  const bytes = packed === 0 ? batch : unpack(packed, batch.subarray(headLength), wire, `${place}, offset ${first}`)
  const cursor: Cursor = { bytes, at: packed === 0 ? headLength : 0 }
  const messages: Message[] = []
  for (let index = 0; index < count; index += 1) {
    const length = varint(cursor)
    const end = cursor.at + length
    cursor.at += 1
    const timestamp = brokersTime ?? (firstTime === -1 ? -1 : firstTime + varint(cursor))
    if (brokersTime !== null || firstTime === -1) varint(cursor)
    const offset = first + varint(cursor)
    const keyLength = varint(cursor)
    const keyAt = cursor.at
    cursor.at += Math.max(0, keyLength)
    const valueLength = varint(cursor)
    const valueAt = cursor.at
    cursor.at += Math.max(0, valueLength)
    messages.push({ offset, timestamp, bytes, keyAt, keyLength, valueAt, valueLength, headersAt: cursor.at })
    cursor.at = end
  }
  return messages
}

/** In their order; a name may come again. */
export function* headersOf({
  bytes,
  headersAt,
}: Message): Generator<readonly [name: Buffer, value: Buffer | null], void, void> {
  const cursor: Cursor = { bytes, at: headersAt }
  const take = (length: number) => {
    const part = bytes.subarray(cursor.at, cursor.at + length)
    cursor.at += length
    return part
  }
  for (let left = varint(cursor); left > 0; left -= 1) {
    const name = take(varint(cursor))
    const length = varint(cursor)
    yield [name, length < 0 ? null : take(length)]
  }
}

interface Cursor {
  readonly bytes: Buffer
  at: number
}

/** Zigzag; beyond 31 bits by multiplication, as shifts would wrap around. */
function varint(cursor: Cursor): number {
  const { bytes } = cursor
  let byte = bytes[cursor.at++]!
  if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
  let value = byte & 0x7f
  let scale = 128
  do {
    byte = bytes[cursor.at++]!
    value += (byte & 0x7f) * scale
    scale *= 128
  } while (byte >= 0x80)
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2
}

const unreadable = (place: string, what: string) =>
  new JobError('source.unreadable', `${place} holds ${what}.`, {
    hint: 'Read the topic with the tools of Kafka; a topic of that age has to be copied first.',
  })
