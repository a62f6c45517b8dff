import type { Schema } from '../../core/record/schema.js'
import { identifier, text } from '../../duckdb/sql.js'
import { spelled, typeTree } from '../../duckdb/type-tree.js'
import { jsonObject, needsOwnText } from '../json-text.js'
import type { Compression, Format } from './config.js'

export interface PartOptions {
  /** Nothing stands before it in its file. */
  readonly first: boolean
  readonly schema: Schema
  readonly compression?: Compression
}

/** How DuckDB writes a part, and how parts become one file. */
export interface PartFormat {
  /** Batches of an epoch go into one part, compressed or not; else each becomes a part of its own. */
  readonly appendable: boolean
  readonly compression: Compression
  copy(table: string, file: string, options: PartOptions): string
  /** What a file without records holds, where no DuckDB is needed to say it. */
  head?(schema: Schema): string | null
}

export const partFormats: Readonly<Record<Format, PartFormat>> = {
  csv: {
    appendable: true,
    compression: 'none',
    copy: (table, file, { first, compression }) =>
      `COPY ${table} TO ${text(file)} (FORMAT csv, HEADER ${first}${compressed(compression)})`,
    head: (schema) =>
      schema.every(({ name }) => /^[A-Za-z_]\w*$/.test(name)) ? `${schema.map(({ name }) => name).join(',')}\n` : null,
  },
  jsonl: {
    appendable: true,
    compression: 'none',
    copy: (table, file, { schema, compression }) =>
      schema.some(({ type }) => needsOwnText(type))
        ? `COPY (SELECT ${jsonObject(schema)} FROM ${table}) TO ${text(file)} (${asTheyStand}${compressed(compression)})`
        : `COPY ${table} TO ${text(file)} (FORMAT json${compressed(compression)})`,
    head: () => '',
  },
  json: {
    appendable: false,
    compression: 'none',
    copy: (table, file, { schema, compression }) =>
      schema.some(({ type }) => needsOwnText(type))
        ? `COPY (SELECT CASE WHEN row_number() OVER () > 1 THEN ',' ELSE '' END || ${jsonObject(schema)} FROM ${table}) TO ${text(file)} (${asTheyStand}, PREFIX '[', SUFFIX E']\\n'${compressed(compression)})`
        : `COPY ${table} TO ${text(file)} (FORMAT json, ARRAY true${compressed(compression)})`,
  },
  parquet: {
    appendable: false,
    compression: 'snappy',
    copy: (table, file, { schema, compression = 'snappy' }) =>
      `COPY ${asParquet(table, schema)} TO ${text(file)} (FORMAT parquet${compressed(compression)})`,
  },
}

const compressed = (compression: Compression = 'none') =>
  `, COMPRESSION ${compression === 'none' ? 'uncompressed' : compression}`

/** An empty table as SELECT. */
export function emptySelect(schema: Schema): string {
  return `SELECT ${schema.map((column) => `CAST(NULL AS ${column.type}) AS ${identifier(column.name)}`).join(', ')} LIMIT 0`
}

/** Lines that are text already. */
const asTheyStand = "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER ''"

/** Parquet has no place for some numbers and times, which DuckDB would round: they are written as text, wherever they stand. */
function asParquet(table: string, schema: Schema): string {
  const columns = schema.map(({ name, type }) => {
    const tree = typeTree(type)
    const placed = spelled(tree, (leaf) => (hasNoPlace.test(leaf) ? 'VARCHAR' : leaf))
    const column = identifier(name)
    return placed === spelled(tree) ? column : `CAST(${column} AS ${placed}) AS ${column}`
  })
  return columns.some((column) => column.startsWith('CAST(')) ? `(SELECT ${columns.join(', ')} FROM ${table})` : table
}

const hasNoPlace = /^(U?HUGEINT|TIME WITH TIME ZONE|INTERVAL|BIT|BIGNUM)$/
