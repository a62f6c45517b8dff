import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import { allExactly, needsExactNumbers } from '../exact-numbers.js'
import { amongAll } from '../left-out.js'
import type { SourceBatch } from '../spi.js'
import { byteOrderMark } from './byte-order-mark.js'
import type { FileSourceConfig } from './config.js'
import { badDocuments, longObjects, readJson, valueIn } from './json-options.js'
import type { TextFile } from './text-format.js'

/** A whole file of JSON: one array, or documents one after another. One batch, as it can be cut nowhere. */
export function jsonBatch(
  file: { readonly path: string; readonly shown: string; readonly size: number },
  config: FileSourceConfig,
  schema: Schema,
  session: Session,
): SourceBatch {
  const select = `SELECT * FROM ${readJson(file.path, 'auto', config, schema, file.size)}`
  let good: ((index: number) => number) | null = null
  return {
    select,
    records: null,
    place: (index) => ({ file: file.shown, record: good ? good(index) : index }),
    async isolate() {
      const bad = await badDocuments(file.path, 'auto', config, schema, session, file.size)
      // Nothing is named where the text itself is broken: then the file is bad as a whole, and the error says where.
      if (bad.length === 0) await session.run(`CREATE OR REPLACE TEMP TABLE whole_document AS ${select}`)
      const out = new Set(bad.map((one) => one.index))
      good = amongAll([...out])
      return {
        select: selectWithout(out, file, config, schema),
        rejected: bad.map(({ index, message, original }) => ({
          original,
          place: { file: file.shown, record: index },
          code: 'record.bad',
          message,
        })),
      }
    },
    release: () => rm(file.path, { force: true }),
  }
}

/** The document as DuckDB reads it: without a byte order mark, and with numbers that come out exactly. Takes the file's place. */
export async function plainDocument(file: TextFile, schema: Schema): Promise<TextFile> {
  const start = await byteOrderMark(file)
  const exact = needsExactNumbers(schema)
  if (start === 0 && !exact) return file
  const path = `${file.path}.plain`
  const bytes = createReadStream(file.path, { start })
  await pipeline(exact ? allExactly(bytes) : bytes, createWriteStream(path))
  await rm(file.path, { force: true })
  return { ...file, path, size: (await stat(path)).size }
}

function selectWithout(
  out: ReadonlySet<number>,
  file: { path: string; size: number },
  config: FileSourceConfig,
  schema: Schema,
): string {
  const columns = schema.map((column) => `${valueIn(column, config)} AS ${identifier(column.name)}`).join(', ')
  return `
    SELECT ${columns} FROM (
      SELECT json, row_number() OVER () - 1 AS number
      FROM read_json_objects(${text(file.path)}, compression = 'uncompressed', format = 'auto'${longObjects(file.size)}))
    WHERE number NOT IN (${[-1, ...out].join(', ')})`
}
