import type { Wire } from './client.js'
import { type Compression, pack } from './compression.js'

/** A message on its way out. */
export interface Outgoing {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: Buffer, value: Buffer | null])[]
}

export interface Producer {
  readonly id: bigint
  readonly epoch: number
  /** null: without transactions. */
  readonly transactionalId: string | null
}

/** What a message takes in a batch, at most. */
export function sizeOf({ key, value, headers }: Outgoing): number {
  const inHeaders = headers.reduce((sum, [name, text]) => sum + name.length + (text?.length ?? 0) + 10, 0)
  return (key?.length ?? 0) + (value?.length ?? 0) + inHeaders + 32
}

/** A record batch of version 2. The broker sees by `sequence` whether it has it already. */
export function writeBatch(
  messages: readonly Outgoing[],
  producer: Producer,
  sequence: number,
  compression: Compression,
  wire: Wire,
): Buffer {
  const [code, records] = pack(compression, writeRecords(messages), wire)
  const batch = Buffer.allocUnsafe(headLength + records.length)
  const now = BigInt(Date.now())
  batch.writeBigInt64BE(0n, 0)
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt32BE(-1, 12)
  batch.writeInt8(2, 16)
  batch.writeInt16BE(code | (producer.transactionalId === null ? 0 : inTransaction), 21)
  batch.writeInt32BE(messages.length - 1, 23)
  batch.writeBigInt64BE(now, 27)
  batch.writeBigInt64BE(now, 35)
  batch.writeBigInt64BE(producer.id, 43)
  batch.writeInt16BE(producer.epoch, 51)
  batch.writeInt32BE(sequence, 53)
  batch.writeInt32BE(messages.length, 57)
  records.copy(batch, headLength)
  batch.writeUInt32BE(wire.crc32c(batch.subarray(21)), 17)
  return batch
}

const headLength = 61
const inTransaction = 0x10

function writeRecords(messages: readonly Outgoing[]): Buffer {
  const into = Buffer.allocUnsafe(messages.reduce((sum, message) => sum + sizeOf(message), 0))
  let at = 0
  const varint = (value: number) => {
    let left = value >= 0 ? value * 2 : -value * 2 - 1
    for (; left > 0x7f; left = Math.floor(left / 128)) into[at++] = (left & 0x7f) | 0x80
    into[at++] = left
  }
  const bytes = (value: Buffer | null) => {
    varint(value === null ? -1 : value.length)
    if (value !== null) at += value.copy(into, at)
  }
  for (const [index, { key, value, headers }] of messages.entries()) {
    varint(bodyLength(index, key, value, headers))
    into[at++] = 0
    varint(0)
    varint(index)
    bytes(key)
    bytes(value)
    varint(headers.length)
    for (const [name, text] of headers) {
      bytes(name)
      bytes(text)
    }
  }
  return into.subarray(0, at)
}

/** Attributes and time take a byte each. */
function bodyLength(index: number, key: Buffer | null, value: Buffer | null, headers: Outgoing['headers']): number {
  let length = 2 + varintLength(index) + lengthOf(key) + lengthOf(value) + varintLength(headers.length)
  for (const [name, text] of headers) length += lengthOf(name) + lengthOf(text)
  return length
}

const lengthOf = (value: Buffer | null) => (value === null ? 1 : varintLength(value.length) + value.length)

function varintLength(value: number): number {
  let length = 1
  for (let left = value * 2; left > 0x7f; left = Math.floor(left / 128)) length += 1
  return length
}
