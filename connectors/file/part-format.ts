import type { Schema } from '../../core/record/schema.js'
import { identifier, text } from '../../duckdb/sql.js'
import type { Format } from './config.js'

/** How DuckDB writes a part, and how parts become one file. */
export interface PartFormat {
  readonly extension: Format
  /** Batches of an epoch go into one part; else each becomes a part of its own. */
  readonly appendable: boolean
  copy(table: string, file: string, options: { readonly first: boolean; readonly schema: Schema }): string
  /** What a file without records holds. */
  empty(schema: Schema): string
}

export const partFormats: Readonly<Record<Format, PartFormat>> = {
  csv: {
    extension: 'csv',
    appendable: true,
    copy: (table, file, { first }) => `COPY ${table} TO ${text(file)} (FORMAT csv, HEADER ${first})`,
    empty: (schema) => `${schema.map((column) => csvName(column.name)).join(',')}\n`,
  },
  jsonl: {
    extension: 'jsonl',
    appendable: true,
    copy: (table, file, { schema }) => `COPY ${asJson(table, schema)} TO ${text(file)} (FORMAT json)`,
    empty: () => '',
  },
  json: {
    extension: 'json',
    appendable: false,
    copy: (table, file, { schema }) => `COPY ${asJson(table, schema)} TO ${text(file)} (FORMAT json, ARRAY true)`,
    empty: () => '[]\n',
  },
  parquet: {
    extension: 'parquet',
    appendable: false,
    copy: (table, file, { schema }) =>
      `COPY ${asParquet(table, schema)} TO ${text(file)} (FORMAT parquet, COMPRESSION snappy)`,
    empty: () => '',
  },
}

/** An empty table as SELECT: for formats whose empty file is not text. */
export function emptySelect(schema: Schema): string {
  return `SELECT ${schema.map((column) => `CAST(NULL AS ${column.type}) AS ${identifier(column.name)}`).join(', ')} LIMIT 0`
}

/** JSON has no NaN and no infinity: they are written as text, which reads back as the number. */
function asJson(table: string, schema: Schema): string {
  return rewritten(table, schema, /^(FLOAT|DOUBLE)$/, (column) => {
    const number = `to_json(${column})`
    return `CASE WHEN isfinite(${column}) THEN ${number} WHEN ${column} IS NOT NULL THEN to_json(CAST(${column} AS VARCHAR)) END`
  })
}

/** Parquet has no place for some numbers and times, which DuckDB would round: they are written as text. */
function asParquet(table: string, schema: Schema): string {
  return rewritten(
    table,
    schema,
    /^(U?HUGEINT|TIME WITH TIME ZONE|INTERVAL|BIT|BIGNUM)$/,
    (column) => `CAST(${column} AS VARCHAR)`,
  )
}

function rewritten(table: string, schema: Schema, types: RegExp, rewrite: (column: string) => string): string {
  if (!schema.some(({ type }) => types.test(type))) return table
  const columns = schema.map(({ name, type }) => {
    const column = identifier(name)
    return types.test(type) ? `${rewrite(column)} AS ${column}` : column
  })
  return `(SELECT ${columns.join(', ')} FROM ${table})`
}

const csvName = (name: string) => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)
