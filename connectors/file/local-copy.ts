import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { copyFile, link, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import zlib from 'node:zlib'
import { JobError } from '../../core/errors/job-error.js'
import { errorCode } from '../../core/errors/system-error.js'
import type { FileSourceConfig } from './config.js'
import { fileFault } from './file-fault.js'
import type { ListedFile } from './paths.js'
import type { TextFile } from './text-format.js'

type Decoder = InstanceType<typeof TextDecoder>
type Packed = Pick<FileSourceConfig, 'compression' | 'encoding'>

/** Compressed, or not UTF-8: then offsets say nothing, and the file is read whole, unpacked once. */
export function isPacked(path: string, config: Packed): boolean {
  return compressionOf(path, config) !== 'none' || !isUtf8(config.encoding)
}

/** The file under a name in the session's folder, which is all that DuckDB may read: a link, or a copy across devices. */
export async function linkInto(folder: string, file: ListedFile): Promise<TextFile> {
  const path = join(folder, `${randomUUID()}.input`)
  try {
    await link(file.path, path)
  } catch {
    await copyFile(file.path, path).catch((error: unknown) => {
      throw noSpaceHere(folder, error) ?? fileFault(file.path, error)
    })
  }
  return { path, shown: file.path, size: file.size }
}

/** Unpacked and in UTF-8, in the session's folder. */
export async function unpackInto(folder: string, file: ListedFile, config: Packed): Promise<TextFile> {
  const path = join(folder, `${randomUUID()}.unpacked`)
  const decoder = decoderOf(config.encoding)
  const decompress = decompressor(file.path, config)
  try {
    const packed = createReadStream(file.path)
    const plain: Readable = decompress ? packed.pipe(decompress) : packed
    packed.on('error', (error) => plain.destroy(error))
    await pipeline(plain, (chunks: AsyncIterable<Buffer>) => decode(chunks, decoder), createWriteStream(path))
  } catch (error) {
    const code = errorCode(error) ?? ''
    if (!code.startsWith('Z_') && code !== 'ERR_ENCODING_INVALID_ENCODED_DATA')
      throw noSpaceHere(folder, error) ?? fileFault(file.path, error)
    const what = code.startsWith('Z_')
      ? 'is damaged or not compressed that way'
      : `is not written in ${config.encoding}`
    throw new JobError('source.unreadable', `The file ${file.path} ${what}.`, { cause: error })
  }
  return { path, shown: file.path, size: (await stat(path)).size }
}

/** It is not the source's disk that is full. */
function noSpaceHere(folder: string, cause: unknown): JobError | null {
  if (errorCode(cause) !== 'ENOSPC') return null
  return new JobError('disk.full', `No space is left in ${dirname(folder)}, where files are worked on.`, { cause })
}

async function* decode(chunks: AsyncIterable<Buffer>, decoder: Decoder | null): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield decoder ? Buffer.from(decoder.decode(chunk, { stream: true })) : chunk
  if (decoder) yield Buffer.from(decoder.decode())
}

function compressionOf(path: string, { compression }: Packed): 'none' | 'gzip' | 'zstd' {
  if (compression !== undefined) return compression
  if (/\.gz$/i.test(path)) return 'gzip'
  return /\.zst$/i.test(path) ? 'zstd' : 'none'
}

function decompressor(path: string, config: Packed): (NodeJS.ReadWriteStream & Readable) | null {
  const compression = compressionOf(path, config)
  if (compression === 'none') return null
  if (compression === 'gzip') return zlib.createGunzip()
  const createZstd = (zlib as { createZstdDecompress?: () => ReturnType<typeof zlib.createGunzip> })
    .createZstdDecompress
  if (createZstd) return createZstd()
  throw new JobError('config.invalid', 'This version of Node.js cannot read zstd; version 22.15 or newer can.', {
    pointer: '/compression',
  })
}

/** null: UTF-8 already, which is left as it is so that bad bytes are found record by record. */
function decoderOf(encoding: string): Decoder | null {
  if (isUtf8(encoding)) return null
  const known = encoding.toLowerCase().replace(/^latin-?1$/, 'latin1')
  try {
    return new TextDecoder(known, { fatal: true })
  } catch (cause) {
    throw new JobError('config.invalid', `${encoding} is no encoding that is known here.`, {
      cause,
      pointer: '/encoding',
    })
  }
}

const isUtf8 = (encoding: string) => /^utf-?8$/i.test(encoding)
