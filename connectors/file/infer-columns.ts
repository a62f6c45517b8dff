import { rm } from 'node:fs/promises'
import { JobError } from '../../core/errors/job-error.js'
import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import { byteOrderMark } from './byte-order-mark.js'
import type { FileSourceConfig, Format } from './config.js'
import { readHead } from './csv-head.js'
import { csvOptions, dialectOf, longLines, scanCsv } from './csv-options.js'
import { onDisk } from './disk-files.js'
import type { ListedFile, Lying } from './files.js'
import { plainDocument } from './json.js'
import { longObjects } from './json-options.js'
import { fetchInto, isPacked, unpackInto } from './local-copy.js'
import { parquetFooter } from './parquet-part.js'
import { start } from './position.js'
import { takeSample } from './sample.js'
import type { TextFile } from './text-format.js'

/** Columns of the first file that holds something. */
export async function inferColumns(
  files: readonly ListedFile[],
  format: Format,
  config: FileSourceConfig,
  session: Session,
  place: Lying = onDisk,
): Promise<Schema> {
  const file = files.find((one) => one.size > 0)
  if (!file) throw cannotInfer(config.path, 'it is empty')
  const local = await lookInto(file, format, config, session, place)
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
    if (local.path !== file.path) await rm(local.path, { force: true })
  }
}

/** As much of the file as has to be here for it. */
async function lookInto(
  file: ListedFile,
  format: Format,
  config: FileSourceConfig,
  { folder }: Session,
  place: Lying,
): Promise<TextFile> {
  if (format === 'parquet') return await parquetFooter(file, folder, place)
  const { open } = place
  const packed = isPacked(file.path, config)
  if (open && !packed && format !== 'json')
    return { path: file.path, shown: file.path, size: file.size, open: () => open(file) }
  const local = await (packed ? unpackInto(folder, file, config, place) : fetchInto(folder, file, place))
  return format === 'json' ? await plainDocument(local, false) : local
}

async function csvColumns(file: TextFile, config: FileSourceConfig, session: Session): Promise<Schema> {
  const options = csvOptions(config)
  const head = await readHead(file, config, session)
  const [only = '', second] = head.names ?? []
  const separator = second === undefined && config.delimiter === undefined ? /[;\t|]/.exec(only)?.[0] : undefined
  if (separator !== undefined) {
    const hint = `Say \`delimiter: ${JSON.stringify(separator)}\`, or declare the one column under \`columns\`.`
    throw cannotInfer(file.shown, `its header has no comma and one column, \`${only}\``, undefined, hint)
  }
  const sample = await takeSample(file, head.firstRecord, dialectOf(options), session)
  if (sample.records === 0) {
    if (head.names === null) throw cannotInfer(file.shown, 'it has no records and no header')
    return head.names.map((name) => ({ name, type: 'VARCHAR' }))
  }
  const guessed = await session.describe(
    `SELECT * FROM read_csv(${text(sample.file)}, ${options.fixed.replace('auto_detect = false', 'auto_detect = true')}, new_line = '\\n', sample_size = -1, ignore_errors = true${longLines(sample)})`,
  )
  const names = head.names ?? guessed.map((column) => column.name)
  const columns = names.map((name, at) => ({ name, type: guessed[at]?.type ?? 'VARCHAR' }))
  const asText = names.map((name) => ({ name, type: 'VARCHAR' }))
  const sampled = scanCsv(options, asText, sample, ', ignore_errors = true')
  return await withoutRounding(await withoutForeignDates(columns, sampled, config, session), sampled, session)
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

/** Plain text of a fraction that is no DOUBLE's, neither its shortest nor its longest: digits would be lost. */
function losesDigits(value: string): string {
  const number = `TRY_CAST(${value} AS DOUBLE)`
  const plain = (number: string) => `rtrim(rtrim(ltrim(${number}, '+'), '0'), '.')`
  const spellings = [`CAST(${number} AS VARCHAR)`, `printf('%.17g', ${number})`].map(plain)
  return `regexp_full_match(${value}, '[+-]?[0-9]*[.][0-9]+') AND length(${value}) > 16 AND ${plain(value)} NOT IN (${spellings.join(', ')})`
}

/** DuckDB takes numbers that are too long for other types for DOUBLE, which would round them. */
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
      `coalesce(bool_or(regexp_full_match(${value}, '[+-]?[0-9]{16,}') OR (${losesDigits(value)})), false)`,
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
    const from = { ...start, byte: await byteOrderMark(file) }
    const sample = await takeSample(file, from, plain, session, isObject)
    path = sample.file
    longest = sample.longest
  }
  const layout = format === 'jsonl' ? "'newline_delimited', ignore_errors = true" : "'auto'"
  const formats = [
    ...(config.dateFormat === undefined ? [] : [`, dateformat = ${text(config.dateFormat)}`]),
    ...(config.timestampFormat === undefined ? [] : [`, timestampformat = ${text(config.timestampFormat)}`]),
  ].join('')
  const read = (columns: string) =>
    `read_json(${text(path)}, compression = 'uncompressed', format = ${layout}, records = true${columns}${formats}${longObjects(longest)})`
  const columns = await session.describe(`SELECT * FROM ${read(', sample_size = -1')}`)
  const objects = `read_json_objects(${text(path)}, compression = 'uncompressed', format = ${layout}${longObjects(longest)})`
  await checkKeys(columns, objects, file, session)
  const asText = columns.map(({ name }) => `${text(name)}: 'VARCHAR'`).join(', ')
  // A number with a fraction is a DOUBLE to whoever reads JSON, whatever stands there.
  const sampled = read(`, auto_detect = false, columns = {${asText}}`)
  return await withoutRounding(await withZones(columns, sampled, config, session), sampled, session, 'DOUBLE')
}

/** Of keys that differ only in case DuckDB renames the later ones, and one that is empty; by such a name nothing would be found. */
async function checkKeys(columns: Schema, objects: string, file: TextFile, session: Session): Promise<void> {
  const lower = new Set(columns.map(({ name }) => name.toLowerCase()))
  const doubtful = columns.filter(
    ({ name }) => (lower.has(name.toLowerCase().replace(/_\d+$/, '')) && /_\d+$/.test(name)) || /^C\d+$/.test(name),
  )
  if (doubtful.length === 0) return
  const rows = await session.rows(`SELECT DISTINCT unnest(json_keys(json)) FROM ${objects}`)
  const keys = new Set(rows.map(([key]) => String(key)))
  const renamed = doubtful.find(({ name }) => !keys.has(name))
  if (renamed === undefined) return
  if (/^C\d+$/.test(renamed.name))
    throw cannotInfer(file.shown, 'it has a key without a name', undefined, 'Declare the `columns` that are wanted.')
  const [stem = ''] = renamed.name.split(/_\d+$/)
  const alike = [...keys].filter((key) => key.toLowerCase() === stem.toLowerCase())
  const why = `the keys ${alike.map((key) => `\`${key}\``).join(' and ')} differ only in case`
  throw cannotInfer(file.shown, why, undefined, 'Declare the `columns` that are wanted, one of these at most.')
}

/** Of a timestamp in JSON; behind one within a nested value stands its quote. */
const zone = '[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)? ?(Z|[+-][0-9]{2}(:?[0-9]{2})?)("|$)'

/** DuckDB infers TIMESTAMP, and as that leaves out the zone that is written: the values would be other moments. */
async function withZones(columns: Schema, asText: string, config: FileSourceConfig, session: Session): Promise<Schema> {
  const doubtful = columns.filter(({ type }) => /\bTIMESTAMP\b(?! WITH)/.test(type))
  if (doubtful.length === 0 || config.timestampFormat !== undefined) return columns
  const found = doubtful.map(
    ({ name }) => `coalesce(bool_or(regexp_matches(${identifier(name)}, ${text(zone)})), false)`,
  )
  const [facts = []] = await session.rows(`SELECT ${found.join(', ')} FROM ${asText}`)
  const zoned = new Set(doubtful.filter((_, at) => facts[at] === true).map(({ name }) => name))
  const withZone = (type: string) => type.replaceAll(/\bTIMESTAMP\b(?! WITH)/g, 'TIMESTAMP WITH TIME ZONE')
  return columns.map((column) => (zoned.has(column.name) ? { ...column, type: withZone(column.type) } : column))
}

/** A line that is no object is a bad record, and says nothing about columns. */
const isObject = (line: Buffer) => /^\s*\{/.test(line.toString('latin1', 0, 1024))

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
