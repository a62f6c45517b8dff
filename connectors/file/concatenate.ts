import { createReadStream, createWriteStream } from 'node:fs'
import { link, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { text } from '../../duckdb/sql.js'
import { withOwnSession } from '../own-session.js'
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
  await withOwnSession(async (session) => {
    const whole = join(session.folder, 'whole')
    if (target.format === 'parquet' || target.format === 'json') await throughDuckDb(target, pieces, whole, session)
    else await oneBehindAnother(target, pieces, whole, session)
    await use(whole)
  })
}

async function oneBehindAnother(target: Target, pieces: Pieces, whole: string, session: Session): Promise<void> {
  const { old, parts, schema } = pieces
  const { files, format, compression } = target
  const before = old === null ? null : await files.local(old, session.folder)
  // The header, or what a compressed file without records holds.
  if (before === null || (await stat(before)).size === 0)
    await session.run(partFormats[format].copy(`(${emptySelect(schema)})`, whole, { first: true, schema, compression }))
  else {
    await append(before, whole)
    if (compression === 'none') await endLine(whole)
  }
  for (const part of parts) await append(await files.local(part, session.folder), whole)
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

async function throughDuckDb(target: Target, pieces: Pieces, whole: string, session: Session): Promise<void> {
  const { old, parts, schema } = pieces
  const { files, format, compression } = target
  const links: string[] = []
  let largest = 0
  for (const part of [...(old === null ? [] : [old]), ...parts]) {
    const local = await files.local(part, session.folder)
    const { size } = await stat(local)
    if (size === 0) continue
    largest = Math.max(largest, size)
    const name = join(session.folder, `part-${links.length}.${format}`)
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
  await session.run(partFormats[format].copy(`(${select})`, whole, { first: true, schema, compression }))
}
