import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { JobError } from '../../core/errors/job-error.js'
import { errorCode } from '../../core/errors/system-error.js'
import { compressionOf, unpacked } from './compression.js'
import type { FileSourceConfig } from './config.js'
import { decoded, isUtf8 } from './encoding.js'
import { fileFault, noSpaceHere } from './file-fault.js'
import type { ListedFile, Lying } from './files.js'
import type { TextFile } from './text-format.js'

type Packed = Pick<FileSourceConfig, 'compression' | 'encoding'>

/** Compressed, or not UTF-8: then offsets say nothing, and the file is read whole, unpacked once. */
export function isPacked(path: string, config: Packed): boolean {
  return compressionOf(path, config.compression) !== 'none' || !isUtf8(config.encoding)
}

/** The file in the session's folder, which is all that DuckDB may read. */
export async function fetchInto(folder: string, file: ListedFile, files: Lying): Promise<TextFile> {
  return { path: await files.fetch(file, folder), shown: file.path, size: file.size }
}

/** Unpacked and in UTF-8, in the session's folder. */
export async function unpackInto(folder: string, file: ListedFile, config: Packed, files: Lying): Promise<TextFile> {
  const path = join(folder, `${randomUUID()}.unpacked`)
  const packed = files.open ? await files.fetch(file, folder) : file.path
  try {
    const bytes: Readable = createReadStream(packed)
    const plain = unpacked(bytes, compressionOf(file.path, config.compression))
    await pipeline(decoded(plain, config.encoding), createWriteStream(path))
  } catch (error) {
    await rm(path, { force: true })
    throw noSpaceHere(folder, error) ?? unpackFault(file.path, config, error)
  } finally {
    if (packed !== file.path) await rm(packed, { force: true })
  }
  return { path, shown: file.path, size: (await stat(path)).size }
}

function unpackFault(path: string, { encoding }: Packed, error: unknown): JobError {
  const code = errorCode(error) ?? ''
  const isDamaged = code.startsWith('Z_') || code.startsWith('ZSTD_')
  if (!isDamaged && code !== 'ERR_ENCODING_INVALID_ENCODED_DATA') return fileFault(path, error)
  const what = isDamaged ? 'is damaged or not compressed that way' : `is not written in ${encoding}`
  return new JobError('source.unreadable', `The file ${path} ${what}.`, {
    cause: error,
    pointer: isDamaged ? '/compression' : '/encoding',
    hint: isDamaged
      ? 'Was it copied to its end? If it is not compressed, say `compression: none`.'
      : 'Say under `encoding` how it is written.',
  })
}
