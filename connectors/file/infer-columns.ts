import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import type { FileSourceConfig, Format } from './config.js'
import { readHead } from './csv-head.js'
import { csvOptions, dialectOf, readCsv } from './csv-options.js'
import { longObjects } from './json-options.js'
import { isPacked, linkInto, unpackInto } from './local-copy.js'
import type { ListedFile } from './paths.js'
import { start } from './position.js'
import { readStretches } from './stretches.js'
import type { TextFile } from './text-format.js'

/** Columns are inferred from this much of a file. */
const sampleBytes = 8 * 1024 * 1024

/** Columns of the first file that holds something. */
export async function inferColumns(
  files: readonly ListedFile[],
  format: Format,
  config: FileSourceConfig,
  session: Session,
): Promise<Schema> {
  const file = files.find((one) => one.size > 0)
  if (!file) throw cannotInfer(config.path, 'it is empty')
  const { folder } = session
  const packed = format !== 'parquet' && isPacked(file.path, config)
  const local = packed ? await unpackInto(folder, file, config) : await linkInto(folder, file)
  try {
    if (format === 'parquet') return await session.describe(`SELECT * FROM read_parquet(${text(local.path)})`)
    if (format === 'csv') return await csvColumns(local, config, session)
    return await jsonColumns(local, format, config, session)
  } catch (cause) {
    if (cause instanceof JobError && ['record.bad', 'sql.invalid', 'internal'].includes(cause.code)) {
      throw cannotInfer(file.path, plainReason(cause.message), cause, hintFor(cause.message, format))
    }
    throw cause
  } finally {
    await rm(local.path, { force: true })
  }
}

async function csvColumns(file: TextFile, config: FileSourceConfig, session: Session): Promise<Schema> {
  const options = csvOptions(config)
  const head = await readHead(file, config, session)
  const range = {
    ...file,
    from: head.firstRecord,
    stop: head.firstRecord.byte + sampleBytes,
    records: Number.POSITIVE_INFINITY,
  }
  for await (const { bytes, found } of readStretches(range, dialectOf(options))) {
    const sample = join(session.folder, 'sample')
    await writeFile(sample, bytes)
    const slice = { file: sample, longest: found.longest, crlf: found.crlf > 0 } as const
    const guessed = await session.describe(
      `SELECT * FROM read_csv(${text(sample)}, ${options.fixed.replace('auto_detect = false', 'auto_detect = true')}, sample_size = -1, ignore_errors = true)`,
    )
    const names = head.names ?? guessed.map((column) => column.name)
    const columns = names.map((name, at) => ({ name, type: guessed[at]?.type ?? 'VARCHAR' }))
    const asText = names.map((name) => ({ name, type: 'VARCHAR' }))
    const sampled = readCsv(options, asText, slice, ', ignore_errors = true')
    return await withoutRounding(await withoutForeignDates(columns, sampled, config, session), sampled, session)
  }
  if (head.names === null) throw cannotInfer(file.shown, 'it has no records and no header')
  return head.names.map((name) => ({ name, type: 'VARCHAR' }))
}

/** DuckDB guesses many ways to write a date; one that is not ISO must be declared, or else it stays text. */
async function withoutForeignDates(
  columns: Schema,
  asText: string,
  config: FileSourceConfig,
  session: Session,
): Promise<Schema> {
  const declared = (type: string) => (type === 'DATE' ? config.dateFormat : config.timestampFormat) !== undefined
  const doubtful = columns.filter(({ type }) => /^(DATE|TIMESTAMP)/.test(type) && !declared(type))
  if (doubtful.length === 0) return columns
  const wrong = doubtful.map(
    ({ name, type }) =>
      `count(*) FILTER (WHERE ${identifier(name)} IS NOT NULL AND TRY_CAST(${identifier(name)} AS ${type}) IS NULL)`,
  )
  const [counts = []] = await session.rows(`SELECT ${wrong.join(', ')} FROM ${asText}`)
  const foreign = new Set(doubtful.filter((_, at) => Number(counts[at]) > 0).map((column) => column.name))
  return columns.map((column) => (foreign.has(column.name) ? { ...column, type: 'VARCHAR' } : column))
}

/** DuckDB takes whole numbers that are too long for BIGINT for DOUBLE, which would round them. */
async function withoutRounding(
  columns: Schema,
  asText: string,
  session: Session,
  mixed: 'VARCHAR' | 'DOUBLE' = 'VARCHAR',
): Promise<Schema> {
  const doubles = columns.filter(({ type }) => type === 'DOUBLE')
  if (doubles.length === 0) return columns
  const found = doubles.flatMap(({ name }) => {
    const value = identifier(name)
    return [
      `coalesce(bool_or(regexp_full_match(${value}, '[+-]?[0-9]{16,}')), false)`,
      `coalesce(bool_and(regexp_full_match(${value}, '[+-]?[0-9]+') AND TRY_CAST(${value} AS HUGEINT) IS NOT NULL), false)`,
    ]
  })
  const [facts = []] = await session.rows(`SELECT ${found.join(', ')} FROM ${asText}`)
  const exact = new Map(
    doubles.flatMap(({ name }, at) => {
      const [long, whole] = [facts[2 * at], facts[2 * at + 1]]
      return long === true ? [[name, whole === true ? 'HUGEINT' : mixed] as const] : []
    }),
  )
  return columns.map((column) => ({ ...column, type: exact.get(column.name) ?? column.type }))
}

async function jsonColumns(
  file: TextFile,
  format: 'json' | 'jsonl',
  config: FileSourceConfig,
  session: Session,
): Promise<Schema> {
  let path = file.path
  let longest = file.size
  if (format === 'jsonl') {
    const plain = { quote: null, escape: null, delimiter: null }
    path = join(session.folder, 'sample')
    for await (const { bytes, found } of readStretches(
      { ...file, from: start, stop: sampleBytes, records: Number.POSITIVE_INFINITY },
      plain,
    )) {
      await writeFile(path, objectLines(bytes))
      longest = found.longest
      break
    }
  }
  const layout = format === 'jsonl' ? "'newline_delimited', ignore_errors = true" : "'auto'"
  const formats = [
    ...(config.dateFormat === undefined ? [] : [`, dateformat = ${text(config.dateFormat)}`]),
    ...(config.timestampFormat === undefined ? [] : [`, timestampformat = ${text(config.timestampFormat)}`]),
  ].join('')
  const read = (columns: string) =>
    `read_json(${text(path)}, compression = 'uncompressed', format = ${layout}, records = true${columns}${formats}${longObjects(longest)})`
  const columns = await session.describe(`SELECT * FROM ${read(', sample_size = -1')}`)
  const asText = columns.map(({ name }) => `${text(name)}: 'VARCHAR'`).join(', ')
  // A number with a fraction is a DOUBLE to whoever reads JSON, whatever stands there.
  return await withoutRounding(columns, read(`, auto_detect = false, columns = {${asText}}`), session, 'DOUBLE')
}

/** A line that is no object is a bad record, and says nothing about columns. */
function objectLines(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString('utf8').split('\n')
  return lines.filter((line) => /^\s*\{/.test(line)).join('\n')
}

/** DuckDB's sniffer answers with a page of advice about its own options. */
function plainReason(message: string): string {
  if (/expected records/.test(message)) return 'it holds no objects, or something else beside them'
  return /^Error when sniffing/.test(message)
    ? 'it does not look like CSV with this delimiter and quote; lines end in LF or CR LF'
    : message
}

function hintFor(message: string, format: Format): string | undefined {
  if (/unicode|not utf-8/i.test(message))
    return 'Say how it is written, like `encoding: latin-1` or `encoding: utf-16`.'
  return format === 'parquet' || /Malformed/.test(message)
    ? 'The file may be damaged, or of another format.'
    : undefined
}

const cannotInfer = (path: string, why: string, cause?: unknown, hint = 'Declare `columns: {name: TYPE}`.') =>
  new JobError('source.unreadable', `The columns of ${path} cannot be told: ${why.replace(/\.$/, '')}.`, {
    cause,
    pointer: '/columns',
    hint,
  })
