import { randomUUID } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import { allExactly, anyInexact } from '../exact-numbers.js'
import { recordBatch } from '../json-records.js'
import { anyNull } from '../null-records.js'
import type { SourceBatch } from '../spi.js'
import { byteOrderMark } from './byte-order-mark.js'
import type { FileSourceConfig } from './config.js'
import { longObjects, readJson } from './json-options.js'
import type { TextFile } from './text-format.js'

/** A whole file of JSON: one array, or documents one after another. One batch, as it can be cut nowhere. */
export function jsonBatch(
  file: PlainDocument,
  config: FileSourceConfig,
  schema: Schema,
  session: Session,
): SourceBatch {
  const objects = `read_json_objects(${text(file.path)}, compression = 'uncompressed', format = 'auto'${longObjects(file.size)})`
  const noNull = file.nulls
    ? ` WHERE (SELECT CASE WHEN count(*) > 0 THEN error('A record is null.') ELSE true END FROM ${objects} WHERE json_type(json) = 'NULL')`
    : ''
  const select = `SELECT * FROM ${readJson({ file: file.path, layout: 'auto', longest: file.size, points: true, exponents: true, marked: file.marked }, config, schema)}${noNull}`
  const held = identifier(`documents ${randomUUID()}`)
  let lines: SourceBatch | null = null
  return {
    select,
    records: null,
    bytes: file.size,
    place: (index) => lines?.place(index) ?? { file: file.shown, record: index },
    /** Documents as lines, which can be read one without the other; where the text itself is broken, the error says where. */
    async isolate() {
      await session.run(
        `CREATE TABLE ${held} AS SELECT CAST(json AS VARCHAR) AS json, row_number() OVER () - 1 AS number FROM ${objects}`,
      )
      lines = await recordBatch({
        select: `SELECT json, number FROM ${held}`,
        records: await session.count(`SELECT count(*) FROM ${held}`),
        schema,
        session,
        options: config,
        marked: file.marked,
        place: (record) => ({ file: file.shown, record }),
      })
      return await lines.isolate()
    },
    async release() {
      await lines?.release()
      if (lines !== null) await session.run(`DROP TABLE IF EXISTS ${held}`)
      await rm(file.path, { force: true })
    },
  }
}

interface PlainDocument extends TextFile {
  /** `exactly` has marked numbers in it. */
  readonly marked: boolean
  /** There may be records that are null. */
  readonly nulls: boolean
}

/** The document as DuckDB reads it: without a byte order mark, `exact`: and with numbers that come out exactly. Takes the file's place. */
export async function plainDocument(file: TextFile, exact: boolean): Promise<PlainDocument> {
  const start = await byteOrderMark(file)
  const marked = exact && (await anyInexact(createReadStream(file.path)))
  const nulls = exact && (await anyNull(createReadStream(file.path, { start })))
  if (start === 0 && !marked) return { ...file, marked, nulls }
  const path = `${file.path}.plain`
  const bytes = createReadStream(file.path, { start })
  await pipeline(marked ? allExactly(bytes) : bytes, createWriteStream(path))
  await rm(file.path, { force: true })
  return { ...file, path, size: (await stat(path)).size, marked, nulls }
}
