import type { Schema } from '../../core/record/schema.js'
import { text } from '../../duckdb/sql.js'
import { exactValues } from '../exact-values.js'
import type { FileSourceConfig } from './config.js'
import type { Dialect } from './record-ends.js'
import type { Slice } from './text-format.js'

export interface CsvOptions {
  readonly delimiter: string
  readonly quote: string
  readonly escape: string
  /** DuckDB's options that do not change from slice to slice. */
  readonly fixed: string
  readonly dateFormat: string | undefined
  readonly timestampFormat: string | undefined
}

export function csvOptions(config: FileSourceConfig): CsvOptions {
  const delimiter = config.delimiter ?? (/\.tsv(\.|$)/i.test(config.path) ? '\t' : ',')
  const { quote } = config
  const escaping = config.escape ?? quote
  // An empty field is no value; an empty text is written "", so that the two stay apart.
  const nulls = ['', ...(config.nullString === undefined ? [] : [config.nullString])]
  const fixed = [
    'header = false',
    'auto_detect = false',
    'strict_mode = true',
    `delim = ${text(delimiter)}`,
    `quote = ${text(quote)}`,
    `escape = ${text(escaping)}`,
    `nullstr = [${nulls.map(text).join(', ')}]`,
    'allow_quoted_nulls = false',
    ...(config.dateFormat === undefined ? [] : [`dateformat = ${text(config.dateFormat)}`]),
    ...(config.timestampFormat === undefined ? [] : [`timestampformat = ${text(config.timestampFormat)}`]),
  ].join(', ')
  return {
    delimiter,
    quote,
    escape: escaping,
    fixed,
    dateFormat: config.dateFormat,
    timestampFormat: config.timestampFormat,
  }
}

/** `read_csv('slice', …)` with these columns. */
export function readCsv(options: CsvOptions, columns: Schema, slice: Slice): string {
  const exact = exactValues(columns, {
    ...options,
    points: slice.points,
    exponents: slice.exponents,
    json: false,
    marked: false,
  })
  return exact.from(scanCsv(options, exact.columns, slice))
}

/** With DuckDB's own reading of each type, whose rejects it can name. */
export function scanCsv(options: CsvOptions, columns: Schema, slice: Slice, further = ''): string {
  const types = columns.map((column) => `${text(column.name)}: ${text(column.type)}`).join(', ')
  // Told that lines end in CR LF, DuckDB 1.5 drops records silently; it finds that out by itself.
  const lineEnd = slice.crlf ? '' : ", new_line = '\\n'"
  return `read_csv(${text(slice.file)}, ${options.fixed}, columns = {${types}}${lineEnd}${longLines(slice)}${further})`
}

export function dialectOf(options: CsvOptions): Dialect {
  return { quote: byteOf(options.quote), escape: byteOf(options.escape), delimiter: byteOf(options.delimiter) }
}

/** DuckDB's own limit is 2 MB a line; its buffers grow with it, so it is raised only where it must be. */
export function longLines(slice: Pick<Slice, 'longest'>): string {
  if (slice.longest < 1_900_000) return ''
  const line = slice.longest + 1024
  return `, max_line_size = ${line}, buffer_size = ${line * 2}, parallel = false`
}

function byteOf(character: string): number | null {
  return Buffer.from(character).at(-1) ?? null
}
