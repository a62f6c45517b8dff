import type { Schema } from '../../core/record/schema.js'
import { identifier, text } from '../../duckdb/sql.js'
import type { Format } from './config.js'

/** How DuckDB writes a part, and how parts become one file. */
export interface PartFormat {
  readonly extension: Format
  /** Batches of an epoch go into one part; else each becomes a part of its own. */
  readonly appendable: boolean
  copy(table: string, file: string, options: { readonly first: boolean }): string
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
    copy: (table, file) => `COPY ${table} TO ${text(file)} (FORMAT json)`,
    empty: () => '',
  },
  json: {
    extension: 'json',
    appendable: false,
    copy: (table, file) => `COPY ${table} TO ${text(file)} (FORMAT json, ARRAY true)`,
    empty: () => '[]\n',
  },
  parquet: {
    extension: 'parquet',
    appendable: false,
    copy: (table, file) => `COPY ${table} TO ${text(file)} (FORMAT parquet, COMPRESSION zstd)`,
    empty: () => '',
  },
}

/** An empty table as SELECT: for formats whose empty file is not text. */
export function emptySelect(schema: Schema): string {
  return `SELECT ${schema.map((column) => `CAST(NULL AS ${column.type}) AS ${identifier(column.name)}`).join(', ')} LIMIT 0`
}

const csvName = (name: string) => (/[",\r\n]/.test(name) ? `"${name.replaceAll('"', '""')}"` : name)
