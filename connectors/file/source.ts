import { rm } from 'node:fs/promises'
import { JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { declaredColumns } from '../declared-columns.js'
import { withOwnSession } from '../own-session.js'
import type { ConnectorContext, Reached, Source, SourceBatch } from '../spi.js'
import { readAgain } from './again.js'
import { awaitFiles } from './await-files.js'
import { byteOrderMark } from './byte-order-mark.js'
import { type FileSourceConfig, type Format, formatOfPath } from './config.js'
import { csvFormat } from './csv.js'
import { findHead } from './csv-head.js'
import { inferColumns } from './infer-columns.js'
import { jsonBatch } from './json.js'
import { jsonlFormat } from './jsonl.js'
import { isPacked, linkInto, unpackInto } from './local-copy.js'
import { parquetRecords, readParquet } from './parquet.js'
import { checkUnchanged, type ListedFile, listFiles } from './paths.js'
import { isEnd, planFiles } from './plan-files.js'
import {
  type Cursor,
  type DivisibleOf,
  type FilePosition,
  type FileSplit,
  type FrozenFile,
  type Piece,
  start,
} from './position.js'
import type { CutAt } from './share-out.js'
import { readStretches } from './stretches.js'
import { readText } from './text.js'
import type { TextFormat } from './text-format.js'

/** Reads files: what is there is listed once, by the first plan, and read in that order. */
export function fileSource(config: FileSourceConfig, ctx: ConnectorContext): Source {
  const divisible: DivisibleOf = (file) => {
    const format = formatOf(file, config)
    if (format === 'parquet') return 'RECORDS'
    return format === 'json' || isPacked(file.path, config) ? 'WHOLE' : 'BYTES'
  }
  return {
    schema: () => withOwnSession((session) => columnsOf(config, ctx, session)),

    async plan(from, budget, parallelism, whole = false) {
      const position = await withNewFiles(from as FilePosition | null, config, ctx)
      const plan = await planFiles(position, budget, { parallelism, whole }, divisible, cutAt(config))
      // A watched folder never ends: without new files there is nothing to plan for now.
      return config.watch ? { ...plan, end: false } : plan
    },

    again: (records, schema, session) => readAgain(records, config, textFormat, schema, session),
    awaitInput: async (from) => {
      const position = from as FilePosition | null
      if (position !== null && isEnd(position)) await awaitFiles(config.path, position, ctx)
    },

    async *read(split, schema, session): AsyncGenerator<SourceBatch, Reached, void> {
      const { pieces, records, files } = split as FileSplit
      let at: FilePosition = { files, index: pieces[0]?.index ?? 0, at: pieces[0]?.from ?? start }
      const ended: string[] = []
      let read = 0
      for (const piece of pieces) {
        const limits = { records: (records ?? Number.POSITIVE_INFINITY) - read, before: read }
        if (limits.records <= 0) break
        await checkUnchanged(piece.file)
        const done = yield* ofPartition(piece.file.path, readPiece(piece, limits, config, schema, session))
        await checkUnchanged(piece.file)
        read += done.records
        if (done.at === null) ended.push(piece.file.path)
        at = done.at ? { files, index: piece.index, at: done.at } : { files, index: piece.index + 1, at: start }
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
): AsyncGenerator<SourceBatch, Answer, void> {
  try {
    for (;;) {
      const next = await batches.next()
      if (next.done === true) return next.value
      yield { ...next.value, partition }
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
  schema: Schema,
  session: Session,
): AsyncGenerator<SourceBatch, Done, void> {
  const { file, from, amount } = piece
  const format = formatOf(file, config)
  const packed = format !== 'parquet' && isPacked(file.path, config)
  const text = textFormat(format, config)
  if (text && !packed) {
    const plain = { path: file.path, shown: file.path, size: file.size }
    const at = yield* readText(plain, piece, text, limits, schema, session)
    return { records: at.record - from.record, at: at.byte >= file.size ? null : at }
  }
  const local = packed ? await unpackInto(session.folder, file, config) : await linkInto(session.folder, file)
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
    if (format === 'json') {
      yield jsonBatch(local, config, schema, session)
      return { records: 0, at: null }
    }
    const to = amount === null ? (file.records ?? 0) : from.record + amount
    yield* readParquet({ ...local, records: file.records ?? 0 }, { from: from.record, to }, schema, session)
    return { records: to - from.record, at: amount === null ? null : { ...from, record: to } }
  } finally {
    // The batches that are still to be read need the file: it goes with the session's folder, or here if none is.
    if (text) await rm(local.path, { force: true })
  }
}

const textFormat = (format: Format, config: FileSourceConfig): TextFormat | null =>
  format === 'csv' ? csvFormat(config) : format === 'jsonl' ? jsonlFormat(config) : null

/** Where a piece of text may be cut: found by reading on to the next record's end. */
const cutAt =
  (config: FileSourceConfig): CutAt =>
  async ({ file, from }, amount) => {
    const format = textFormat(formatOf(file, config), config)
    if (!format) return null
    const plain = { path: file.path, shown: file.path, size: file.size }
    const csv = formatOf(file, config) === 'csv'
    const first = async () =>
      csv ? (await findHead(plain, config)).firstRecord : { ...start, byte: await byteOrderMark(plain) }
    let at = from.byte === 0 ? await first() : from
    const range = { ...plain, from: at, stop: from.byte + amount, records: Number.POSITIVE_INFINITY }
    for await (const stretch of readStretches(range, format.dialect)) at = stretch.to
    return at.byte >= file.size ? null : at
  }

async function columnsOf(config: FileSourceConfig, ctx: ConnectorContext, session: Session): Promise<Schema> {
  if (config.columns) return declaredColumns(config.columns, session)
  const files = await listFiles(config.path, ctx)
  return inferColumns(files, formatOf(files[0]!, config), config, session)
}

/** The frozen listing; once it has been read to its end, what has appeared since is added (`positions: CONTINUE`). */
async function withNewFiles(
  position: FilePosition | null,
  config: FileSourceConfig,
  ctx: ConnectorContext,
): Promise<FilePosition> {
  if (position !== null && !isEnd(position)) return position
  const known = new Set(position?.files.map((file) => file.path))
  const listed = position ? await listFiles(config.path, ctx).catch(noneAnyMore) : await listFiles(config.path, ctx)
  const files = await withRecords(
    listed.filter((file) => !known.has(file.path)),
    config,
  )
  if (position === null) return { files, index: 0, at: start }
  return files.length === 0 ? position : { ...position, files: [...position.files, ...files] }
}

async function withRecords(files: readonly ListedFile[], config: FileSourceConfig): Promise<readonly FrozenFile[]> {
  const parquet = files.filter((file) => formatOf(file, config) === 'parquet')
  if (parquet.length === 0) return files
  return withOwnSession(async (session) => {
    const links = new Map<string, string>()
    for (const file of parquet) links.set(file.path, (await linkInto(session.folder, file)).path)
    const records = await parquetRecords([...links.values()], session)
    return files.map((file) => ({ ...file, records: records.get(links.get(file.path) ?? '') ?? 0 }))
  })
}

/** Files that were read may be cleared away. */
function noneAnyMore(error: unknown): readonly ListedFile[] {
  if (error instanceof JobError && error.code === 'source.missing') return []
  throw error
}

function formatOf(file: ListedFile, config: FileSourceConfig): Format {
  const format = config.format ?? formatOfPath(file.path)
  if (format) return format
  throw new JobError('config.invalid', `The name of ${file.path} does not tell its format.`, {
    pointer: '/format',
    hint: 'Say `format: csv`, `json`, `jsonl` or `parquet`.',
  })
}
