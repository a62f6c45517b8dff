import { rm } from 'node:fs/promises'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { declaredColumns } from '../declared-columns.js'
import { withOwnSession } from '../own-session.js'
import type { ConnectorContext, Reached, Source, SourceBatch } from '../spi.js'
import { readAgain } from './again.js'
import { byteOrderMark } from './byte-order-mark.js'
import type { FileSourceConfig, Format, S3Connection } from './config.js'
import { csvFormat } from './csv.js'
import { findHead } from './csv-head.js'
import { isAmong, namesOf } from './file-names.js'
import type { Files, ListedFile } from './files.js'
import { inferColumns } from './infer-columns.js'
import { jsonBatch, plainDocument } from './json.js'
import { jsonlFormat } from './jsonl.js'
import { formatOf, withNewFiles } from './listing.js'
import { fetchInto, isPacked, unpackInto } from './local-copy.js'
import { openFiles } from './open-files.js'
import { readParquet } from './parquet.js'
import { fetchParquet } from './parquet-part.js'
import { pathColumns, withPathValues } from './path-values.js'
import { isEnd, planFiles } from './plan-files.js'
import { type Cursor, type DivisibleOf, type FilePosition, type FileSplit, type Piece, start } from './position.js'
import type { CutAt } from './share-out.js'
import { readStretches } from './stretches.js'
import { readText } from './text.js'
import type { TextFile, TextFormat } from './text-format.js'

/** Reads files: what is there is listed once, by the first plan, and read in that order. */
export function fileSource(
  config: FileSourceConfig,
  ctx: ConnectorContext,
  connection: S3Connection | null = null,
): Source {
  const files = openFiles(config.path, connection, ctx)
  const divisible: DivisibleOf = (file) => {
    const format = formatOf(file, config)
    if (format === 'parquet') return 'RECORDS'
    return format === 'json' || isPacked(file.path, config) ? 'WHOLE' : 'BYTES'
  }
  return {
    schema: () => withOwnSession((session) => columnsOf(config, files, session)),

    async plan(from, budget, parallelism, whole = false) {
      const position = await withNewFiles(from as FilePosition | null, config, files)
      const plan = await planFiles(position, budget, { parallelism, whole }, divisible, cutAt(config, files))
      // A watched folder never ends: without new files there is nothing to plan for now.
      return config.watch ? { ...plan, end: false } : plan
    },

    again: (records, schema, session) => readAgain(records, config, textFormat, schema, session),
    awaitInput: async (from) => {
      const position = from as FilePosition | null
      if (position === null || !isEnd(position)) return
      await files.awaitNew(isAmong(namesOf(position)), ctx.signal)
    },

    async *read(split, schema, session): AsyncGenerator<SourceBatch, Reached, void> {
      const { pieces, records, files: listed, read: before } = split as FileSplit
      const listing = { files: listed, ...(before !== undefined && { read: before }) }
      let at: FilePosition = { ...listing, index: pieces[0]?.index ?? 0, at: pieces[0]?.from ?? start }
      const { inPath, inFile } = pathColumns(schema, config.pathColumns)
      const ended: string[] = []
      let read = 0
      for (const piece of pieces) {
        const limits = { records: (records ?? Number.POSITIVE_INFINITY) - read, before: read }
        if (limits.records <= 0) break
        await files.checkUnchanged(piece.file)
        const batches = readPiece(piece, limits, config, files, inFile, session)
        const done = yield* ofPartition(
          piece.file.path,
          batches,
          await withPathValues(piece.file.path, inPath, session),
        )
        await files.checkUnchanged(piece.file)
        read += done.records
        if (done.at === null) ended.push(piece.file.path)
        at = done.at
          ? { ...listing, index: piece.index, at: done.at }
          : { ...listing, index: piece.index + 1, at: start }
      }
      // Without a listing the pieces are exact: the plan knows where they end, and whether anything follows.
      return { position: at, end: records !== null && isEnd(at) && !config.watch, ended }
    },
  }
}

/** `at` null: to the end of the file. */
interface Done {
  readonly records: number
  readonly at: Cursor | null
}

/** A file is a logical partition: what its records meet is their own order. */
async function* ofPartition<Answer>(
  partition: string,
  batches: AsyncGenerator<SourceBatch, Answer, void>,
  complete: (batch: SourceBatch) => SourceBatch,
): AsyncGenerator<SourceBatch, Answer, void> {
  try {
    for (;;) {
      const next = await batches.next()
      if (next.done === true) return next.value
      yield { ...complete(next.value), partition }
    }
  } finally {
    // Who stops reading early leaves no file open.
    await batches.return(undefined as never)
  }
}

async function* readPiece(
  piece: Piece,
  limits: { readonly records: number; readonly before: number },
  config: FileSourceConfig,
  files: Files,
  schema: Schema,
  session: Session,
): AsyncGenerator<SourceBatch, Done, void> {
  const { file, from, amount } = piece
  const format = formatOf(file, config)
  const packed = format !== 'parquet' && isPacked(file.path, config)
  const text = textFormat(format, config)
  if (text && !packed) {
    const at = yield* readText(asItLies(file, files), piece, text, limits, schema, session)
    return { records: at.record - from.record, at: at.byte >= file.size ? null : at }
  }
  if (format === 'parquet') {
    const to = amount === null ? (file.records ?? 0) : from.record + amount
    const local = await fetchParquet(file, { from: from.record, to }, session, files)
    yield* readParquet({ ...local, records: file.records ?? 0 }, { from: from.record, to }, schema, session)
    return { records: to - from.record, at: amount === null ? null : { ...from, record: to } }
  }
  const local = await (packed
    ? unpackInto(session.folder, file, config, files)
    : fetchInto(session.folder, file, files))
  try {
    if (text) {
      const at = yield* readText(
        { ...local, passing: true },
        piece,
        text,
        { ...limits, records: Number.POSITIVE_INFINITY },
        schema,
        session,
      )
      return { records: at.record, at: null }
    }
    yield jsonBatch(await plainDocument(local, true), config, schema, session)
    return { records: 0, at: null }
  } finally {
    // The batches that are still to be read need the file: it goes with the session's folder, or here if none is.
    if (text) await rm(local.path, { force: true })
  }
}

/** Read at offsets, where it is. */
function asItLies(file: ListedFile, { open }: Files): TextFile {
  return { path: file.path, shown: file.path, size: file.size, ...(open && { open: () => open(file) }) }
}

const textFormat = (format: Format, config: FileSourceConfig): TextFormat | null =>
  format === 'csv' ? csvFormat(config) : format === 'jsonl' ? jsonlFormat(config) : null

/** Where a piece of text may be cut: found by reading on to the next record's end. */
const cutAt =
  (config: FileSourceConfig, files: Files): CutAt =>
  async ({ file, from }, amount) => {
    const format = textFormat(formatOf(file, config), config)
    if (!format) return null
    const plain = asItLies(file, files)
    const csv = formatOf(file, config) === 'csv'
    const first = async () =>
      csv ? (await findHead(plain, config)).firstRecord : { ...start, byte: await byteOrderMark(plain) }
    let at = from.byte === 0 ? await first() : from
    const range = { ...plain, from: at, stop: from.byte + amount, records: Number.POSITIVE_INFINITY }
    for await (const stretch of readStretches(range, format.dialect)) at = stretch.to
    return at.byte >= file.size ? null : at
  }

async function columnsOf(config: FileSourceConfig, files: Files, session: Session): Promise<Schema> {
  const inPath = await declaredColumns(config.pathColumns ?? {}, session, 'pathColumns')
  return [...pathColumns(await columnsInFiles(config, files, session), config.pathColumns).inFile, ...inPath]
}

async function columnsInFiles(config: FileSourceConfig, files: Files, session: Session): Promise<Schema> {
  if (config.columns) return declaredColumns(config.columns, session)
  const listed = await files.list()
  return inferColumns(listed, formatOf(listed[0]!, config), config, session, files)
}
