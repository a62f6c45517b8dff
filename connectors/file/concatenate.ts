import { createReadStream, createWriteStream } from 'node:fs'
import { link, open, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Schema } from '../../core/record/schema.js'
import { text } from '../../duckdb/sql.js'
import { withOwnFolder, withSessionIn } from '../own-session.js'
import { longObjects } from './json-options.js'
import { emptySelect, partFormats } from './part-format.js'
import type { Target } from './target.js'

export interface Pieces {
  /** What is to come first: a whole file; null: nothing. */
  readonly old: string | null
  /** Parts of ours, without headers. */
  readonly parts: readonly string[]
  readonly schema: Schema
}

/** Files of the target as one file of this machine, good while `use` runs. */
export async function concatenate(
  target: Target,
  pieces: Pieces,
  use: (whole: string) => Promise<void>,
): Promise<void> {
  await withOwnFolder(async (folder) => {
    const whole = join(folder, 'whole')
    if (target.format === 'parquet' || target.format === 'json') await throughDuckDb(target, pieces, whole, folder)
    else await oneBehindAnother(target, pieces, whole, folder)
    await use(whole)
  })
}

async function oneBehindAnother(target: Target, pieces: Pieces, whole: string, folder: string): Promise<void> {
  const { old, parts, schema } = pieces
  const { files, compression } = target
  const before = old === null ? null : await files.local(old, folder)
  if (before === null || (await stat(before)).size === 0) await writeEmpty(target, schema, whole, folder)
  else {
    await append(before, whole)
    if (compression === 'none') await endLine(whole)
  }
  for (const part of parts) await append(await files.local(part, folder), whole)
}

/** The header, or what a compressed file without records holds. To open a session for it takes longer than all the rest. */
async function writeEmpty({ format, compression }: Target, schema: Schema, whole: string, folder: string) {
  const known = compression === 'none' ? (partFormats[format].head?.(schema) ?? null) : null
  if (known !== null) await writeFile(whole, known)
  else await write(emptySelect(schema), { format, compression }, schema, whole, folder)
}

async function write(
  select: string,
  { format, compression }: Pick<Target, 'format' | 'compression'>,
  schema: Schema,
  whole: string,
  folder: string,
): Promise<void> {
  const copy = partFormats[format].copy(`(${select})`, whole, { first: true, schema, compression })
  await withSessionIn(folder, (session) => session.run(copy))
}

const append = (from: string, to: string) => pipeline(createReadStream(from), createWriteStream(to, { flags: 'a' }))

/** Others may have written it without a last line end. */
async function endLine(path: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
    if (buffer[0] !== 10) await file.write('\n', size)
  } finally {
    await file.close()
  }
}

async function throughDuckDb(target: Target, pieces: Pieces, whole: string, folder: string): Promise<void> {
  const { old, parts, schema } = pieces
  const { files, format, compression } = target
  const links: string[] = []
  let largest = 0
  for (const part of [...(old === null ? [] : [old]), ...parts]) {
    const local = await files.local(part, folder)
    const { size } = await stat(local)
    if (size === 0) continue
    largest = Math.max(largest, size)
    const name = join(folder, `part-${links.length}.${format}`)
    await link(local, name).catch(() => pipeline(createReadStream(local), createWriteStream(name)))
    links.push(name)
  }
  const list = `[${links.map(text).join(', ')}]`
  const types = schema.map((column) => `${text(column.name)}: ${text(column.type)}`).join(', ')
  const packed = compression === 'none' ? 'uncompressed' : compression
  // How long an object is, is not known of what is compressed.
  const longest = compression === 'none' ? largest : Number.MAX_SAFE_INTEGER
  const read =
    format === 'parquet'
      ? `SELECT * FROM read_parquet(${list}, union_by_name = true)`
      : `SELECT * FROM read_json(${list}, format = 'array', auto_detect = false, compression = '${packed}', columns = {${types}}${longObjects(longest)})`
  const select = links.length === 0 ? emptySelect(schema) : read
  await write(select, target, schema, whole, folder)
}
