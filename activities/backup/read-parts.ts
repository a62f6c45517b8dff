/** Parts of a backup as they were: what lies there is what the manifest says, or it is refused. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { PassThrough, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { JobError } from '../../core/errors/job-error.js'
import { type BackupManifest, MANIFEST, type StoredPart } from '../../core/maintenance/backup-manifest.js'
import { isEncrypted, keyIdOf } from '../../models/encryption.js'
import type { Row } from '../../models/stores/backup/load.js'
import { isThere } from '../../storage/is-there.js'
import type { ObjectStore } from '../../storage/store.js'
import { isSameMac, type Seal, sealOf } from './seal.js'

export interface OpenBackup {
  /** Of its folder: it may have another one than it was made in. */
  readonly folder: string
  readonly manifest: BackupManifest
  readonly store: ObjectStore
  readonly seal: Seal | null
  readonly scratch: string
}

export async function readManifest(
  store: ObjectStore,
  name: string,
  keys: readonly string[],
  scratch: string,
): Promise<OpenBackup> {
  const text = await store.text(`${name}/${MANIFEST}`)
  if (text === null)
    throw new JobError('not.found', `There is no backup ${name} at ${store.url}.`, {
      hint: 'A backup that was broken off has no manifest.json, and is none.',
    })
  const { manifest, mac } = parsed(text, name)
  if (manifest.format !== 1)
    throw new JobError(
      'schema.newer',
      `The backup has the form ${String(manifest.format)}, which this version does not know.`,
    )
  const seal = manifest.encryption === null ? null : sealOf(keys, manifest.encryption)
  if (seal !== null && !isSameMac(seal.mac(JSON.stringify(manifest)), mac ?? ''))
    throw new JobError('backup.damaged', `The manifest of ${name} was changed.`)
  return { folder: name, manifest, store, seal, scratch }
}

function parsed(text: string, name: string): { readonly manifest: BackupManifest; readonly mac: string | null } {
  try {
    return JSON.parse(text) as ReturnType<typeof parsed>
  } catch (cause) {
    throw new JobError('backup.damaged', `The manifest of ${name} cannot be read.`, { cause })
  }
}

/** Every part is there, has its hash, and opens with the key. Answers the ids of the keys under which secrets are sealed. */
export async function verifyParts(backup: OpenBackup): Promise<ReadonlySet<string>> {
  const { tables, files } = backup.manifest
  const keyIds = new Set<string>()
  for (const table of tables) {
    let rows = 0
    for await (const block of readRows(backup, table)) {
      rows += block.length
      for (const sealed of sealedTexts(block)) keyIds.add(keyIdOf(sealed))
    }
    if (rows !== table.rows)
      throw new JobError('backup.damaged', `${table.file} holds ${rows} rows, and should hold ${table.rows}.`)
  }
  for (const file of files) await withPart(backup, file, async () => undefined)
  return keyIds
}

/** Some columns hold JSON as text. */
function sealedTexts(value: unknown): string[] {
  if (isEncrypted(value)) return [value]
  if (typeof value === 'string' && /^[[{]/.test(value)) return sealedTexts(parsedOrNull(value))
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(sealedTexts) : []
}

function parsedOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

const BLOCK_BYTES = 4 * 1024 ** 2
const BLOCK_ROWS = 500

/** In blocks that one statement takes. */
export async function* readRows(backup: OpenBackup, part: StoredPart): AsyncGenerator<readonly Row[]> {
  const path = await opened(backup, part)
  try {
    const unpacked = createReadStream(path).pipe(createGunzip())
    let [block, bytes]: [Row[], number] = [[], 0]
    for await (const line of createInterface({ input: unpacked, crlfDelay: Number.POSITIVE_INFINITY })) {
      block.push(JSON.parse(line) as Row)
      bytes += line.length
      if (block.length < BLOCK_ROWS && bytes < BLOCK_BYTES) continue
      yield block
      block = []
      bytes = 0
    }
    if (block.length > 0) yield block
  } finally {
    await rm(path, { force: true })
  }
}

/** As a file of its own while `use` is at it. */
export async function withPart(
  backup: OpenBackup,
  part: StoredPart,
  use: (path: string) => Promise<void>,
): Promise<void> {
  const path = await opened(backup, part)
  try {
    await use(path)
  } finally {
    await rm(path, { force: true })
  }
}

async function opened({ folder, store, seal, scratch }: OpenBackup, part: StoredPart): Promise<string> {
  const key = `${folder}/${part.file}`
  const stored = await store.fetch(key, scratch).catch(async (cause) => {
    if (await isThere(store, key)) throw cause
    throw new JobError('backup.damaged', `The backup has lost ${part.file}.`, { cause })
  })
  try {
    const hash = createHash('sha256')
    await pipeline(
      createReadStream(stored),
      new Writable({
        write(chunk: Buffer, _encoding, done) {
          hash.update(chunk)
          done()
        },
      }),
    )
    if (hash.digest('hex') !== part.sha256)
      throw new JobError('backup.damaged', `${part.file} is not what was written.`)
    const path = join(scratch, `open-${hashOf(part.file)}`)
    await pipeline(createReadStream(stored), seal?.decrypt(part.file) ?? new PassThrough(), createWriteStream(path))
    return path
  } finally {
    await rm(stored, { force: true })
  }
}

const hashOf = (text: string) => createHash('sha256').update(text).digest('hex').slice(0, 16)
