import type { Schema } from '../../core/record/schema.js'
import type { Session } from '../../duckdb/session.js'
import { identifier, text } from '../../duckdb/sql.js'
import type { FileSourceConfig } from './config.js'
import { momentsOf } from './moments.js'
import { longestRecord } from './stretches.js'
import type { BadRecord } from './text-format.js'

export type JsonLayout = 'newline_delimited' | 'auto'

/** `read_json('file', …)` with these columns. A key that is missing is no value; one that nobody asked for is left out. */
export function readJson(
  file: string,
  layout: JsonLayout,
  config: FileSourceConfig,
  columns: Schema,
  longest: number,
): string {
  const moments = momentsOf(columns, config.timestampFormat)
  const types = moments.columns.map((column) => `${text(column.name)}: ${text(column.type)}`).join(', ')
  const options = [
    `format = '${layout}'`,
    'records = true',
    'auto_detect = false',
    `columns = {${types}}`,
    ...(config.dateFormat === undefined ? [] : [`dateformat = ${text(config.dateFormat)}`]),
    ...(config.timestampFormat === undefined ? [] : [`timestampformat = ${text(config.timestampFormat)}`]),
  ]
  return moments.from(
    `read_json(${text(file)}, compression = 'uncompressed', ${options.join(', ')}${longObjects(longest)})`,
  )
}

/** Documents that are no JSON, no objects, or hold a value that is not of its column's type. */
export async function badDocuments(
  file: string,
  layout: JsonLayout,
  config: FileSourceConfig,
  columns: Schema,
  session: Session,
  longest: number,
): Promise<readonly (BadRecord & { readonly original: string })[]> {
  const objects = `read_json_objects(${text(file)}, compression = 'uncompressed', format = '${layout}', ignore_errors = true${longObjects(longest)})`
  const wrong = columns.map((column) => {
    const { name, type } = column
    const value = textOf(name)
    return `WHEN ${value} IS NOT NULL AND ${valueIn(column, config)} IS NULL THEN ${text(`Column "${name}" does not hold a value of type ${type}: `)} || left(${value}, 100)`
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
function valueIn({ name, type }: Schema[number], config: FileSourceConfig): string {
  const format = formatOf(type, config)
  // There is no other function that takes a format of dates.
  if (format !== undefined) return `CAST(try_strptime(${textOf(name)}, ${text(format)}) AS ${type})`
  return `TRY(json_transform(json, ${text(JSON.stringify({ [name]: type }))})).${identifier(name)}`
}

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
