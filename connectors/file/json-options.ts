import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import { type ExactValues, exactValues } from '../exact-values.js'
import type { FileSourceConfig } from './config.js'
import { longestRecord } from './stretches.js'
import type { BadRecord } from './text-format.js'

export type JsonLayout = 'newline_delimited' | 'auto'

/** JSON that lies in a file. */
export interface JsonText {
  readonly file: string
  readonly layout: JsonLayout
  readonly longest: number
  /** As of a slice. */
  readonly points: boolean
  readonly exponents: boolean
  /** `exactly` has marked numbers in it. */
  readonly marked: boolean
}

/** `read_json('file', …)` with these columns. A key that is missing is no value; one that nobody asked for is left out. */
export function readJson(json: JsonText, config: FileSourceConfig, columns: Schema): string {
  const exact = exactValues(columns, { ...formatsOf(config), ...json, json: true })
  const types = exact.columns.map((column) => `${text(column.name)}: ${text(column.type)}`).join(', ')
  const options = [
    `format = '${json.layout}'`,
    'records = true',
    'auto_detect = false',
    `columns = {${types}}`,
    ...(config.dateFormat === undefined ? [] : [`dateformat = ${text(config.dateFormat)}`]),
    ...(config.timestampFormat === undefined ? [] : [`timestampformat = ${text(config.timestampFormat)}`]),
  ]
  return exact.from(
    `read_json(${text(json.file)}, compression = 'uncompressed', ${options.join(', ')}${longObjects(json.longest)})`,
  )
}

/** Documents that are no JSON, no objects, or hold a value that is not of its column's type. */
export async function badDocuments(
  { file, layout, longest, marked }: JsonText,
  config: FileSourceConfig,
  columns: Schema,
  session: Session,
): Promise<readonly (BadRecord & { readonly original: string })[]> {
  const objects = `read_json_objects(${text(file)}, compression = 'uncompressed', format = '${layout}', ignore_errors = true${longObjects(longest)})`
  const exact = exactValues(columns, { ...formatsOf(config), points: true, exponents: true, json: true, marked })
  const wrong = columns.map((column, at) => {
    const { name } = column
    const value = textOf(name)
    const isOther = /^STRUCT\(.*\)$/.test(column.type)
      ? ` OR json_type(json, ${text(pointer(name))}) NOT IN ('OBJECT', 'NULL')`
      : ''
    return `WHEN ${value} IS NOT NULL AND (${valueIn(column, exact, at, config)} IS NULL${isOther}) THEN ${noValueOf(column, value)}`
  })
  const rows = await session.rows(`
    SELECT number, message, original FROM (
      SELECT left(json, 65536) AS original, row_number() OVER () - 1 AS number, CASE
        WHEN json IS NULL THEN 'The record is not valid JSON.'
        WHEN json_type(json) NOT IN ('OBJECT', 'NULL') THEN 'The record is not a JSON object.'
        ${wrong.join('\n')} END AS message
      FROM ${objects})
    WHERE message IS NOT NULL ORDER BY number`)
  return rows.map(([index, message, original]) => ({
    index: Number(index),
    message: String(message),
    original: String(original ?? ''),
  }))
}

/** What `readJson` makes of a column of the document `json`; NULL where it fails, but not where only a part of a struct does. */
function valueIn({ name, type }: Schema[number], exact: ExactValues, at: number, config: FileSourceConfig): string {
  const read = (as: string) => `json_transform(json, ${text(JSON.stringify({ [name]: as }))}).${identifier(name)}`
  const value = exact.value(name, read(exact.columns[at]!.type))
  if (value !== null) return `TRY(${value})`
  const format = formatOf(type, config)
  // There is no other function that takes a format of dates.
  if (format !== undefined) return `CAST(try_strptime(${textOf(name)}, ${text(format)}) AS ${type})`
  return `TRY(${read(type)})`
}

/** SQL of what is said of a value that is not of its column's type. */
export const noValueOf = ({ name, type }: Schema[number], value: string): string =>
  `${text(`Column "${name}" does not hold a value of type ${type}: `)} || left(ltrim(${value}, chr(12) || chr(9)), 100)`

const formatsOf = ({ dateFormat, timestampFormat }: FileSourceConfig) => ({ dateFormat, timestampFormat })

function formatOf(type: string, { dateFormat, timestampFormat }: FileSourceConfig): string | undefined {
  if (type === 'DATE') return dateFormat
  return /^TIMESTAMP( WITH TIME ZONE)?$/.test(type) ? timestampFormat : undefined
}

/** DuckDB's own limit is 16 MiB an object; its buffers grow with it, so it is raised only where it must be, and so far. */
export function longObjects(longest: number): string {
  return longest < 16_000_000 ? '' : `, maximum_object_size = ${Math.min(longest, longestRecord) + 1024}`
}

const textOf = (name: string) => `json ->> ${text(pointer(name))}`

const pointer = (name: string) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`
