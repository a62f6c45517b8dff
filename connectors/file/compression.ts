import type { Readable } from 'node:stream'
import zlib from 'node:zlib'
import { Decompress } from 'fzstd'
import type { TextCompression } from './config.js'

/** Else from the extension. */
export function compressionOf(path: string, compression: TextCompression | undefined): TextCompression {
  if (compression !== undefined) return compression
  if (/\.gz$/i.test(path)) return 'gzip'
  return /\.zst$/i.test(path) ? 'zstd' : 'none'
}

/** What such files end in, behind their format. */
export const extensions: Readonly<Record<TextCompression, string>> = { none: '', gzip: '.gz', zstd: '.zst' }

/** Several compressed files one after another are one, as the tools that write them have it. */
export async function* unpacked(bytes: Readable, compression: TextCompression): AsyncGenerator<Uint8Array> {
  if (compression === 'none') yield* bytes
  else if (compression === 'gzip') yield* through(bytes, zlib.createGunzip())
  else if (createZstdDecompress) yield* through(bytes, createZstdDecompress())
  else yield* unpackedZstd(bytes)
}

/** Node has it from 22.15 on; @types/node of Node 20 does not know it. */
const { createZstdDecompress } = zlib as typeof zlib & { readonly createZstdDecompress?: () => zlib.Gunzip }

async function* through(bytes: Readable, unpack: zlib.Gunzip): AsyncGenerator<Uint8Array> {
  bytes.on('error', (error) => unpack.destroy(error))
  yield* bytes.pipe(unpack)
}

async function* unpackedZstd(bytes: Readable): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = []
  const unpack = new Decompress((chunk) => ready.push(chunk))
  for await (const chunk of bytes) {
    try {
      unpack.push(chunk as Uint8Array)
    } catch (cause) {
      throw damaged(cause)
    }
    yield* ready
    ready = []
  }
  try {
    unpack.push(new Uint8Array(0), true)
  } catch (cause) {
    throw damaged(cause)
  }
  yield* ready
}

const damaged = (cause: unknown) => Object.assign(new Error('zstd', { cause }), { code: 'ZSTD_error_data' })
