import { rm } from 'node:fs/promises'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import { type Casts, exactCasts } from '../exact-casts.js'
import { amongAll } from '../left-out.js'
import type { SourceBatch } from '../spi.js'
import { checkNames } from './check-names.js'
import { noValueOf } from './json-options.js'

export interface ParquetFile {
  /** A link in the session's folder. */
  readonly path: string
  readonly shown: string
  readonly size: number
  readonly records: number
}

/** As many records as DuckDB puts into a group: a batch that ends with one has none read twice. */
const groupRecords = 122_880
/** One batch: compressed bytes are only a hint of what they become, so the number of records is bounded too. */
const batchRecords = 8 * groupRecords
const batchBytes = 16 * 1024 * 1024

/** Records `from` up to `to` of a Parquet file, by their number in the file. */
export async function* readParquet(
  file: ParquetFile,
  range: { readonly from: number; readonly to: number },
  schema: Schema,
  session: Session,
): AsyncGenerator<SourceBatch, void, void> {
  const columns = await session.describe(`SELECT * FROM read_parquet(${text(file.path)})`)
  checkNames(
    columns.map(({ name }) => name),
    schema,
    file.shown,
  )
  const own = new Map(columns.map(({ name, type }) => [name, type]))
  const casts = schema.map(({ name, type }) => exactCasts(identifier(name), type, own.get(name) ?? type))
  const isCast = schema.some(({ name, type }) => own.get(name) !== type)
  const perRecord = file.size / Math.max(1, file.records)
  const room = Math.max(2048, Math.min(batchRecords, Math.floor(batchBytes / Math.max(perRecord, 1))))
  const step = room < groupRecords ? room : room - (room % groupRecords)
  for (let from = range.from, to = 0; from < range.to; from = to) {
    to = Math.min(from - (from % step) + step, range.to)
    yield parquetBatch(file, { from, to, last: to === range.to, isCast, casts }, schema, session)
  }
}

/** Numbers of records, from the files' own footers. */
export async function parquetRecords(paths: readonly string[], session: Session): Promise<ReadonlyMap<string, number>> {
  if (paths.length === 0) return new Map()
  const rows = await session.rows(
    `SELECT file_name, num_rows FROM parquet_file_metadata([${paths.map(text).join(', ')}])`,
  )
  return new Map(rows.map(([name, records]) => [String(name), Number(records)]))
}

function parquetBatch(
  file: ParquetFile,
  { from, to, last, isCast, casts }: BatchRange,
  schema: Schema,
  session: Session,
): SourceBatch {
  const records = `read_parquet(${text(file.path)}, file_row_number = true) WHERE file_row_number >= ${from} AND file_row_number < ${to}`
  const select = (how: keyof Casts, further = '') =>
    `SELECT ${schema.map(({ name }, at) => `${casts[at]![how]} AS ${identifier(name)}`).join(', ')} FROM ${records}${further}`
  const bad = schema.map(({ name }, at) => `(${identifier(name)} IS NOT NULL AND ${casts[at]!.tried} IS NULL)`)
  let inBatch = (index: number) => index
  return {
    select: select('sure'),
    // Of other types than the file's own some may be bad.
    ...(isCast ? {} : { view: viewOf(schema, records, from) }),
    records: to - from,
    bytes: Math.round((file.size * (to - from)) / Math.max(1, file.records)),
    place: (index) => ({
      file: file.shown,
      record: from + inBatch(index),
    }),
    async isolate() {
      const value = (column: Schema[number]) =>
        `${text(column.name)}, left(CAST(${identifier(column.name)} AS VARCHAR), 4096)`
      const wrong = schema.map(
        (column, at) => `WHEN ${bad[at]} THEN ${noValueOf(column, `CAST(${identifier(column.name)} AS VARCHAR)`)}`,
      )
      const rows = await session.rows(
        `SELECT file_row_number, CAST(json_object(${schema.map(value).join(', ')}) AS VARCHAR), CASE ${wrong.join(' ')} END FROM ${records} AND (${bad.join(' OR ')}) ORDER BY 1`,
      )
      // A broken page is no bad record: reading it again says so.
      if (rows.length === 0) await session.run(`CREATE OR REPLACE TEMP TABLE whole_batch AS ${select('sure')}`)
      inBatch = amongAll(rows.map(([number]) => Number(number) - from))
      return {
        select: select('tried', ` AND NOT coalesce(${bad.join(' OR ')}, false)`),
        rejected: rows.map(([number, original, message]) => ({
          original: String(original),
          place: { file: file.shown, record: Number(number) },
          code: 'record.bad',
          message: String(message),
        })),
      }
    },
    // Batches may be read later than they are asked for: the link goes with the last of them.
    release: async () => {
      if (last) await rm(file.path, { force: true })
    },
  }
}

function viewOf(schema: Schema, records: string, from: number): string {
  return `SELECT ${schema.map(({ name }) => identifier(name)).join(', ')}, file_row_number - ${from} AS rowid FROM ${records}`
}

interface BatchRange {
  readonly from: number
  readonly to: number
  readonly last: boolean
  readonly isCast: boolean
  /** Of each column. */
  readonly casts: readonly Casts[]
}
