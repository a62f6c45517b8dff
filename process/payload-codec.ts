/**
 * What crosses Temporal (ids, references, counts: I6) as ciphertext: AES-256-GCM under a key derived from ETL_SECRET_KEY or
 * ETL_TEMPORAL_ENCRYPTION_KEY. Payloads from before it was switched on are read as they are, encrypted ones also after it was
 * switched off.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common'
import { JobError } from '../core/errors/job-error.js'
import { readKeys } from '../models/encryption.js'
import type { TemporalEnvironment } from './temporal-environment.js'

const ENCODING = 'binary/encrypted'
const IV_BYTES = 12
const TAG_BYTES = 16

export function payloadConverter(payloads: TemporalEnvironment['payloads']): DataConverter {
  return { payloadCodecs: [payloadCodec(payloads)] }
}

export function payloadCodec({ keys: given, encrypts }: TemporalEnvironment['payloads']): PayloadCodec {
  const keys = readKeys(given).map(({ id, bytes }) => ({ id, bytes: derived(bytes) }))
  const byId = new Map(keys.map((key) => [key.id, key]))
  const current = keys[0]!
  return {
    encode: async (payloads) => (encrypts ? payloads.map((payload) => encrypted(payload, current)) : payloads),
    decode: async (payloads) =>
      payloads.map((payload) => {
        if (text(payload.metadata?.encoding) !== ENCODING) return payload
        const key = byId.get(text(payload.metadata?.['encryption-key-id']))
        if (key === undefined) throw unreadable()
        return decrypted(payload, key)
      }),
  }
}

interface Key {
  readonly id: string
  readonly bytes: Buffer
}

/** Not the key that seals secrets of the catalogue itself: each use has its own. */
function derived(bytes: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', bytes, Buffer.alloc(0), 'etl-temporal-payload', 32))
}

function encrypted(payload: Payload, { id, bytes }: Key): Payload {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', bytes, iv, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(id))
  const body = Buffer.concat([cipher.update(packed(payload)), cipher.final()])
  return {
    metadata: { encoding: Buffer.from(ENCODING), 'encryption-key-id': Buffer.from(id) },
    data: Buffer.concat([iv, cipher.getAuthTag(), body]),
  }
}

function decrypted({ data }: Payload, { id, bytes }: Key): Payload {
  const all = Buffer.from(data ?? [])
  const [iv, tag] = [all.subarray(0, IV_BYTES), all.subarray(IV_BYTES, IV_BYTES + TAG_BYTES)]
  try {
    const decipher = createDecipheriv('aes-256-gcm', bytes, iv, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(id)).setAuthTag(tag)
    return unpacked(Buffer.concat([decipher.update(all.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]))
  } catch (cause) {
    throw unreadable(cause)
  }
}

/** Length of the metadata, the metadata as JSON, the data. */
function packed({ metadata, data }: Payload): Buffer {
  const entries = Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')])
  const head = Buffer.from(JSON.stringify(Object.fromEntries(entries)))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(head.length)
  return Buffer.concat([length, head, Buffer.from(data ?? [])])
}

function unpacked(bytes: Buffer): Payload {
  const end = 4 + bytes.readUInt32BE()
  const head = JSON.parse(bytes.subarray(4, end).toString()) as Record<string, string>
  const metadata = Object.entries(head).map(([name, value]) => [name, Buffer.from(value, 'base64')] as const)
  return { metadata: Object.fromEntries(metadata), data: bytes.subarray(end) }
}

const text = (value: Uint8Array | null | undefined): string => Buffer.from(value ?? []).toString()

function unreadable(cause?: unknown): JobError {
  return new JobError('environment.invalid', 'A payload of Temporal cannot be read with the keys that there are', {
    hint: 'Start with the key that it was written with: several may be given, separated by commas, the newest first.',
    cause,
  })
}
