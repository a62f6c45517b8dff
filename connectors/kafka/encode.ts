import { JobError } from '../../core/errors/job-error.js'
import { type Column, type Schema, sameName } from '../../core/record/schema.js'
import { identifier } from '../../duckdb/sql.js'
import { jsonObject, jsonValue } from '../json-text.js'
import { type KafkaSinkConfig, keyOf } from './config.js'

/** SELECT of key, value, each header, and `rowid`: what a message of ours holds, as text or bytes. */
export function selectMessages(config: KafkaSinkConfig, schema: Schema, table: string): string {
  const column = (name: string) => find(schema, name)
  const headers = Object.values(config.headers ?? {}).map((name, index) => `${plain(column(name))} AS h${index}`)
  const parts = [`${keySql(config, column)} AS key`, `${valueSql(config, schema)} AS value`, ...headers, 'rowid']
  return `SELECT ${parts.join(', ')} FROM ${table}`
}

/** Of `raw`: the columns that are neither key nor header. */
export function payloadOf(config: KafkaSinkConfig, schema: Schema): Schema {
  if (config.format !== 'raw') return schema
  const taken = new Set([...keyOf(config), ...Object.values(config.headers ?? {})].map((name) => name.toLowerCase()))
  return schema.filter(({ name }) => !taken.has(name.toLowerCase()))
}

function keySql(config: KafkaSinkConfig, column: (name: string) => Column): string {
  const names = keyOf(config)
  if (names.length === 0) return 'NULL::VARCHAR'
  if (names.length === 1) return plain(column(names[0]!))
  return jsonObject(names.map(column))
}

function valueSql(config: KafkaSinkConfig, schema: Schema): string {
  const payload = payloadOf(config, schema)
  if (config.format === 'json') return jsonObject(payload)
  if (config.format === 'csv') return payload.map(csvValue).join(" || ',' || ")
  return plain(payload[0]!)
}

/** Bytes stay bytes; everything else is text as DuckDB writes it. */
function plain({ name, type }: Column): string {
  return type === 'BLOB' ? identifier(name) : `CAST(${identifier(name)} AS VARCHAR)`
}

/** NULL is nothing between two commas, an empty text is `""`. */
function csvValue(column: Column): string {
  const value = /^(BLOB|.*[\])])$/.test(column.type) && !/^DECIMAL/.test(column.type) ? nested(column) : plain(column)
  return `CASE WHEN ${identifier(column.name)} IS NULL THEN '' WHEN ${value} = '' OR regexp_matches(${value}, '[",\\r\\n]') THEN '"' || replace(${value}, '"', '""') || '"' ELSE ${value} END`
}

const nested = (column: Column) =>
  column.type === 'BLOB' ? `CAST(${identifier(column.name)} AS VARCHAR)` : jsonValue(column)

function find(schema: Schema, name: string): Column {
  const found = schema.find((column) => sameName(column.name, name))
  if (found) return found
  throw new JobError('schema.mismatch', `The records have no column \`${name}\`.`)
}
