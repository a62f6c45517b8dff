import { randomUUID } from 'node:crypto'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isJobError, JobError } from '../../core/errors/job-error.js'
import type { Session } from '../../duckdb/session.js'
import { text } from '../../duckdb/sql.js'
import { byteOrderMark } from './byte-order-mark.js'
import type { FileSourceConfig } from './config.js'
import { type CsvOptions, csvOptions, dialectOf } from './csv-options.js'
import { type Cursor, start } from './position.js'
import { bareReturn, type Dialect } from './record-ends.js'
import { readStretches } from './stretches.js'
import type { TextFile } from './text-format.js'

const plainLines: Dialect = { quote: null, escape: null, delimiter: null }

/** Where the records of a CSV file begin, and its header; null without one, or in an empty file. */
export async function findHead(
  file: TextFile,
  config: FileSourceConfig,
): Promise<{ readonly firstRecord: Cursor; readonly header: Uint8Array | null }> {
  const top = { ...start, byte: await byteOrderMark(file) }
  const at = config.skipRows > 0 ? await pastLines(file, top, config.skipRows) : top
  if (!config.header) return { firstRecord: at, header: null }
  const range = { ...file, from: at, stop: file.size, records: 1 }
  for await (const stretch of readStretches(range, dialectOf(csvOptions(config)))) {
    if (stretch.found.records > 0) return { firstRecord: { ...stretch.to, record: 0 }, header: stretch.bytes }
  }
  return { firstRecord: { ...at, byte: file.size }, header: null }
}

/** With the names that the header gives. */
export async function readHead(
  file: TextFile,
  config: FileSourceConfig,
  session: Session,
): Promise<{ readonly firstRecord: Cursor; readonly names: readonly string[] | null; readonly line: string | null }> {
  const { firstRecord, header } = await findHead(file, config)
  const options = csvOptions(config)
  if (header && bareReturn(header, { from: 0, to: lineOf(header) }, dialectOf(options))) throw bareReturns(file)
  const line = header && Buffer.from(header).toString('utf8').trim()
  return { firstRecord, names: header && (await headerNames(header, options, session, file)), line }
}

/** Lines are skipped as they stand, blank ones included; they need not look like CSV. */
async function pastLines(file: TextFile, from: Cursor, lines: number): Promise<Cursor> {
  let left = lines
  for await (const { bytes, from: at } of readStretches(
    { ...file, from, stop: file.size, records: Infinity },
    plainLines,
  )) {
    let end = 0
    while (left > 0) {
      const lineFeed = bytes.indexOf(10, end)
      if (lineFeed === -1) break
      end = lineFeed + 1
      left -= 1
    }
    if (left === 0) return { byte: at.byte + end, line: from.line + lines, record: 0 }
  }
  return { byte: file.size, line: from.line + lines - left, record: 0 }
}

/** As DuckDB names them: `column2` for a name that is missing, `name_1` for one that comes again. */
async function headerNames(
  header: Uint8Array,
  options: CsvOptions,
  session: Session,
  file: TextFile,
): Promise<readonly string[]> {
  const plain = plainNames(header, options)
  if (plain !== null) return plain
  const path = join(session.folder, `${randomUUID()}.header`)
  const lineEnd = header.at(-1) === 10 ? '' : '\n'
  await writeFile(path, Buffer.concat([header, Buffer.from(lineEnd)]))
  try {
    const schema = await session.describe(
      `SELECT * FROM read_csv(${text(path)}, header = true, all_varchar = true, delim = ${text(options.delimiter)}, quote = ${text(options.quote)}, escape = ${text(options.escape)})`,
    )
    return schema.map((column) => column.name)
  } catch (cause) {
    if (!isJobError(cause) || cause.code !== 'sql.invalid') throw cause
    const said = inShort(header)
    throw new JobError('source.unreadable', `The header of ${file.shown} is no line of CSV: ${said}`, {
      cause,
      pointer: '/path',
      hint: 'Look at its quotes, and at `delimiter`, `quote` and `skipRows`; without a header say `header: false`.',
    })
  } finally {
    await rm(path, { force: true })
  }
}

const inShort = (header: Uint8Array) => Buffer.from(header.subarray(0, 200)).toString('utf8').trim()

/** Without its line end. */
function lineOf(header: Uint8Array): number {
  const end = header.at(-1) === 10 ? header.length - 1 : header.length
  return header[end - 1] === 13 ? end - 1 : end
}

const bareReturns = (file: TextFile) =>
  new JobError('source.unreadable', `The header of ${file.shown} holds a carriage return outside of quotes.`, {
    pointer: '/path',
    hint: "Lines end in LF or CR LF. If all of them end in CR alone, write the file anew: `tr '\\r' '\\n'`.",
  })

/** Words that differ are taken as they stand, and DuckDB need not be asked; null: there is more to them. */
function plainNames(header: Uint8Array, { delimiter }: CsvOptions): readonly string[] | null {
  const names = Buffer.from(header)
    .toString('latin1')
    .replace(/\r?\n$/, '')
    .split(delimiter)
  const differ = new Set(names.map((name) => name.toLowerCase())).size === names.length
  return differ && names.every((name) => /^[A-Za-z_]\w*$/.test(name)) ? names : null
}
