import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import { type Casts, exactCasts } from '../exact-casts.js'
import { amongAll } from '../left-out.js'
import type { Capture, Reached, Source, SourceBatch } from '../spi.js'
import { awaitRows } from './await-rows.js'
import type { JdbcConnection, JdbcSourceConfig } from './config.js'
import { withDb } from './connect.js'
import { dialectOf } from './dialects.js'
import { planTable } from './plan-table.js'
import type { JdbcPosition, JdbcSplit } from './position.js'
import { type Relation, readRelation, schemaOf } from './relation.js'
import { type Piece, piecesOf, selectedColumns, selectPiece } from './select-split.js'

/** How many captured records are one batch: some groups of DuckDB's Parquet, so that none is read twice. */
const batchRecords = 4 * 122_880

/** Reads a table or a query. Rows change, so a split is captured before it is used (I9). */
export function jdbcSource(config: JdbcSourceConfig, access: JdbcConnection, signal: AbortSignal): Source {
  const dialect = dialectOf(access)
  let known: Promise<Relation> | undefined
  const relation = () => {
    known ??= withDb(dialect, access, signal, (db) => readRelation(dialect, db, config))
    return known
  }

  async function captured(piece: Piece, capture: Capture, session: Session, stop: AbortSignal): Promise<string> {
    const name = createHash('sha256').update(JSON.stringify(piece)).digest('hex').slice(0, 24)
    const existing = await capture.existing(name)
    if (existing !== null) return existing
    const what = await relation()
    const sql = selectPiece(dialect, what, piece)
    const own = await session.connect()
    try {
      const read = selectedColumns(what)
      const file = await withDb(dialect, access, stop, (db) => dialect.reading.capture(db, sql, read, own))
      return await capture.keep(name, file)
    } finally {
      own.close()
    }
  }

  return {
    schema: async () => schemaOf(await relation()),

    async plan(from, budget, parallelism, whole) {
      const what = await relation()
      const plan = await withDb(dialect, access, signal, (db) =>
        planTable({ dialect, db, relation: what, config }, from as JdbcPosition | null, budget, parallelism, whole),
      )
      // A table that is polled never ends.
      return config.interval === undefined ? plan : { ...plan, end: false }
    },

    awaitInput: async (from) => {
      try {
        const table = { dialect, relation: await relation(), config }
        await awaitRows(access, table, from as JdbcPosition | null, signal)
      } catch (error) {
        // The connection was ended because nobody waits any more.
        if (!signal.aborted) throw error
      }
    },

    async *read(planned, _schema, session, capture): AsyncGenerator<SourceBatch, Reached, void> {
      const split = planned as JdbcSplit
      const what = await relation()
      const failed = new AbortController()
      const stop = AbortSignal.any([signal, failed.signal])
      const files = piecesOf(split).map((piece) => captured(piece, capture, session, stop))
      let cause: unknown
      for (const file of files) {
        file.catch((error: unknown) => {
          cause ??= error
          failed.abort()
        })
      }
      try {
        let before = 0
        for (const made of files) {
          const file = await made
          const records = await session.count(`SELECT count(*) FROM read_parquet(${text(file)})`)
          const kept = await keptTypes(file, what, session)
          const perRecord = (await stat(file)).size / Math.max(1, records)
          for (let from = 0; from < records; from += batchRecords) {
            const slice = { from, to: Math.min(from + batchRecords, records), before, kept, perRecord }
            yield capturedBatch(file, slice, what, session)
          }
          before += records
        }
        if (split.kind !== 'PAGE') return { position: null, end: false }
        return await reachedBy(split, await files[0]!, before, what, config, session)
      } catch (error) {
        // The others were stopped because of it.
        throw cause ?? error
      } finally {
        failed.abort()
        await Promise.allSettled(files)
      }
    },
  }
}

async function reachedBy(
  split: Extract<JdbcSplit, { kind: 'PAGE' }>,
  file: string,
  records: number,
  { columns, key }: Relation,
  config: JdbcSourceConfig,
  session: Session,
): Promise<Reached> {
  const end = records < split.limit
  // What is inserted later before the last key belongs to no later page.
  let after = end ? split.upper : split.after
  if (records > 0 && !end) {
    const last = key.map((column, at) => {
      const value = `c${columns.length + at}`
      return column.type === 'BLOB' && column.keyRead === undefined ? `hex(${value})` : `CAST(${value} AS VARCHAR)`
    })
    const [row] = await session.rows(
      `SELECT ${last.join(', ')} FROM read_parquet(${text(file)}, file_row_number = true) WHERE file_row_number = ${records - 1}`,
    )
    after = row!.map(String)
  }
  const position: JdbcPosition = { kind: 'KEYS', after, upper: split.upper, end }
  return { position, end: end && config.interval === undefined }
}

interface Slice {
  readonly from: number
  readonly to: number
  /** Records of the split in captures before this one. */
  readonly before: number
  readonly kept: readonly string[]
  /** Bytes of the capture. */
  readonly perRecord: number
}

/** Types of the capture, one for each column: of some it holds text. */
async function keptTypes(file: string, relation: Relation, session: Session): Promise<readonly string[]> {
  const kept = await session.describe(`SELECT * FROM read_parquet(${text(file)})`)
  return relation.columns.map(({ type }, at) => kept[at]?.type ?? type)
}

function capturedBatch(
  file: string,
  { from, to, before, kept, perRecord }: Slice,
  relation: Relation,
  session: Session,
): SourceBatch {
  const rows = `read_parquet(${text(file)}, file_row_number = true) WHERE file_row_number >= ${from} AND file_row_number < ${to}`
  const schema = schemaOf(relation)
  const casts = schema.map(({ type }, at) => exactCasts(`c${at}`, type, kept[at]!))
  const typed = schema.every(({ type }, at) => type === kept[at])
  const select = (how: keyof Casts, further = '') =>
    `SELECT ${schema.map(({ name }, at) => `${casts[at]![how]} AS ${identifier(name)}`).join(', ')} FROM ${rows}${further}`
  const named = schema.map(({ name }, at) => `c${at} AS ${identifier(name)}`)
  let inSplit = (index: number) => index
  const place = (record: number) => ({ table: relation.shown, record: before + record })
  return {
    select: select('sure'),
    // Of other types some may be bad.
    ...(typed && { view: `SELECT ${named.join(', ')}, file_row_number - ${from} AS rowid FROM ${rows}` }),
    records: to - from,
    bytes: Math.round(perRecord * (to - from)),
    place: (index) => place(from + inSplit(index)),
    async isolate() {
      const bad = await badRows(rows, schema, casts, session)
      inSplit = amongAll(bad.map((one) => one.record - from))
      const wrong = casts.map(({ tried }, at) => `(c${at} IS NOT NULL AND ${tried} IS NULL)`)
      return {
        select: select('tried', ` AND NOT (${wrong.join(' OR ')})`),
        rejected: bad.map(({ record, original, message }) => ({
          original,
          place: place(record),
          code: 'record.bad',
          message,
        })),
      }
    },
    release: async () => {},
  }
}

/** Values that the database takes and a type does not: the date 0000-00-00, the time 838:59:59. */
async function badRows(rows: string, schema: Schema, casts: readonly Casts[], session: Session) {
  const wrong = schema.map(
    ({ name, type }, at) =>
      `WHEN c${at} IS NOT NULL AND ${casts[at]!.tried} IS NULL THEN ${text(`Column "${name}" does not hold a value of type ${type}: `)} || CAST(c${at} AS VARCHAR)`,
  )
  const values = schema.map(({ name }, at) => `${text(name)}, left(CAST(c${at} AS VARCHAR), 4096)`)
  const found = await session.rows(
    `SELECT * FROM (SELECT file_row_number, CAST(json_object(${values.join(', ')}) AS VARCHAR), CASE ${wrong.join(' ')} END AS message FROM ${rows}) WHERE message IS NOT NULL ORDER BY 1`,
  )
  return found.map(([record, original, message]) => ({
    record: Number(record),
    original: String(original),
    message: String(message),
  }))
}
