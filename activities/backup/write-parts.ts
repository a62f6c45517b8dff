/** Parts of a backup: made as files beside it, then put where it lies. */
import { createHash, randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough, Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import type { StoredPart } from '../../core/maintenance/backup-manifest.js'
import type { ObjectStore } from '../../storage/store.js'
import type { Seal } from './seal.js'

export interface Writing {
  readonly store: ObjectStore
  readonly name: string
  readonly scratch: string
  readonly seal: Seal | null
  readonly signal: AbortSignal
}

/** As JSON lines; answers how many there were. */
export async function writeRows(
  writing: Writing,
  file: string,
  rows: AsyncIterable<readonly (string | null)[]>,
): Promise<StoredPart & { readonly rows: number }> {
  let count = 0
  const lines = async function* () {
    let block = ''
    for await (const row of rows) {
      count += 1
      block += `${JSON.stringify(row)}\n`
      if (block.length < 65_536) continue
      yield block
      block = ''
    }
    yield block
  }
  const part = await writePart(writing, file, Readable.from(lines(), { objectMode: false }), createGzip())
  return { ...part, rows: count }
}

export async function writeFile(writing: Writing, file: string, path: string): Promise<StoredPart> {
  return await writePart(writing, file, createReadStream(path), new PassThrough())
}

async function writePart(
  { store, name, scratch, seal, signal }: Writing,
  file: string,
  source: Readable,
  packing: Transform,
): Promise<StoredPart> {
  const path = join(scratch, randomUUID())
  const hash = createHash('sha256')
  const hashing = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      done(null, chunk)
    },
  })
  try {
    const sealing = seal?.encrypt(file) ?? new PassThrough()
    await pipeline(source, packing, sealing, hashing, createWriteStream(path), { signal })
    const { sizeBytes } = await store.put(`${name}/${file}`, path)
    return { file, sizeBytes, sha256: hash.digest('hex') }
  } finally {
    await rm(path, { force: true })
  }
}
