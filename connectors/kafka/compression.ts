import zlib from 'node:zlib'
import { decompress as unpackZstd } from 'fzstd'
import { JobError } from '../../core/errors/job-error.js'
import type { Wire } from './client.js'

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

const codes: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 }

/** Node has it from 22.15 on; @types/node of Node 20 does not know it. */
const { zstdCompressSync, zstdDecompressSync } = zlib as typeof zlib & {
  readonly zstdCompressSync?: (bytes: Uint8Array) => Buffer
  readonly zstdDecompressSync?: (bytes: Uint8Array) => Buffer
}

export const canPack = (compression: Compression) => compression !== 'zstd' || zstdCompressSync !== undefined

/** The number of the compression in a batch, and the bytes. */
export function pack(compression: Compression, bytes: Buffer, wire: Wire): readonly [code: number, bytes: Buffer] {
  if (compression === 'none') return [0, bytes]
  if (compression === 'zstd' && zstdCompressSync) return [codes.zstd, zstdCompressSync(bytes)]
  return [codes[compression], wire.compressionsAlgorithms[compression].compressSync(bytes)]
}

export function unpack(code: number, bytes: Buffer, wire: Wire, place: string): Buffer {
  try {
    if (code === codes.zstd) return zstdDecompressSync ? zstdDecompressSync(bytes) : Buffer.from(unpackZstd(bytes))
    if (code === codes.snappy && isXerial(bytes)) return unpackXerial(bytes, wire)
    const algorithm = wire.compressionsAlgorithmsByBitmask[code]
    if (algorithm !== undefined) return algorithm.decompressSync(bytes)
  } catch (cause) {
    throw new JobError('source.unreadable', `A batch cannot be unpacked (${place}).`, { cause })
  }
  throw new JobError('source.unreadable', `A batch is compressed in a way that is not known (${place}).`)
}

const xerial = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])

/** Java's way of snappy: blocks, each behind its length. */
const isXerial = (bytes: Buffer) => bytes.length >= 16 && bytes.subarray(0, 8).equals(xerial)

function unpackXerial(bytes: Buffer, wire: Wire): Buffer {
  const blocks: Buffer[] = []
  for (let at = 16; at < bytes.length; ) {
    const length = bytes.readInt32BE(at)
    blocks.push(wire.compressionsAlgorithms.snappy.decompressSync(bytes.subarray(at + 4, at + 4 + length)))
    at += 4 + length
  }
  return Buffer.concat(blocks)
}
