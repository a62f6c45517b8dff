import { createReadStream, createWriteStream } from 'node:fs'
import { link, open, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Schema } from '../../core/record/schema.js'
import { text } from '../../duckdb/sql.js'
import { withOwnSession } from '../own-session.js'
import type { Format } from './config.js'
import { moveDurably } from './durable.js'
import { longObjects } from './json-options.js'
import { emptySelect, partFormats } from './part-format.js'

/** Files of one format, written here, as one file. */
export async function concatenate(parts: readonly string[], to: string, format: Format, schema: Schema): Promise<void> {
  if (format === 'parquet' || format === 'json') return throughDuckDb(parts, to, format, schema)
  if (parts.length === 0) return writeFile(to, partFormats[format].empty(schema))
  for (const [index, part] of parts.entries()) {
    const skip = format === 'csv' && index > 0 ? await headerLength(part, schema) : 0
    await pipeline(createReadStream(part, { start: skip }), createWriteStream(to, { flags: 'a' }))
  }
}

async function throughDuckDb(
  parts: readonly string[],
  to: string,
  format: 'json' | 'parquet',
  schema: Schema,
): Promise<void> {
  await withOwnSession(async (session) => {
    const links: string[] = []
    let largest = 0
    for (const [index, part] of parts.entries()) {
      const { size } = await stat(part)
      if (size === 0) continue
      largest = Math.max(largest, size)
      const name = join(session.folder, `part-${index}.${format}`)
      await link(part, name).catch(async () => pipeline(createReadStream(part), createWriteStream(name)))
      links.push(name)
    }
    const local = join(session.folder, 'whole')
    const files = `[${links.map(text).join(', ')}]`
    const types = schema.map((column) => `${text(column.name)}: ${text(column.type)}`).join(', ')
    const read =
      format === 'parquet'
        ? `SELECT * FROM read_parquet(${files}, union_by_name = true)`
        : `SELECT * FROM read_json(${files}, format = 'array', auto_detect = false, columns = {${types}}${longObjects(largest)})`
    const select = links.length === 0 ? emptySelect(schema) : read
    await session.run(partFormats[format].copy(`(${select})`, local, { first: true, schema }))
    await moveDurably(local, to)
  })
}

/** Our header is one line; a name may hold line ends, which is known from the schema. */
async function headerLength(part: string, schema: Schema): Promise<number> {
  const lineFeeds = schema.reduce((sum, column) => sum + column.name.split('\n').length - 1, 1)
  const handle = await open(part)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(1024 * 1024), 0, 1024 * 1024, 0)
    let end = 0
    for (let left = lineFeeds; left > 0; left -= 1) end = buffer.indexOf(10, end) + 1
    return Math.min(end, bytesRead)
  } finally {
    await handle.close()
  }
}
