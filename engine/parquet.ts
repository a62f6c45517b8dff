/**
 * Records in Parquet and back without loss. Parquet has no place for some of DuckDB's types (HUGEINT would become
 * DOUBLE, INTERVAL would lose its microseconds): columns that hold them travel as text and are cast back.
 */
import type { Schema } from '../core/record/schema.js'
import type { Session } from '../duckdb/session.js'
import { identifier, text } from '../duckdb/sql.js'

const lossy = /HUGEINT|INTERVAL|TIME WITH TIME ZONE|TIMETZ|TIME_NS|\bBIT\b|BIGNUM|UNION\(/

/** Writes what `select` gives, which has the columns of `schema`, in its order. */
export function copyToParquet(select: string, schema: Schema, file: string): string {
  const columns = schema.map(({ name, type }) =>
    lossy.test(type) ? `CAST(${identifier(name)} AS VARCHAR) AS ${identifier(name)}` : identifier(name),
  )
  const options = [
    'FORMAT parquet',
    'COMPRESSION snappy',
    // Row groups are made in memory, one for each thread: wide records must fit too.
    'ROW_GROUP_SIZE 32768',
    `KV_METADATA {columns: ${text(JSON.stringify(schema))}}`,
  ]
  return `COPY (SELECT ${columns.join(', ')} FROM (${select})) TO ${text(file)} (${options.join(', ')})`
}

/** The `schema` of a file that `copyToParquet` wrote; null: it does not say. */
export async function columnsOfParquet(session: Session, file: string): Promise<Schema | null> {
  const select = `SELECT decode(value) FROM parquet_kv_metadata(${text(file)}) WHERE decode(key) = 'columns'`
  const [row] = await session.rows(select)
  return row === undefined ? null : (JSON.parse(String(row[0])) as Schema)
}

/** A SELECT over files that `copyToParquet` wrote, one after another, with the types of `schema`. */
export function selectFromParquet(files: readonly string[], schema: Schema, range?: RowRange): string {
  const columns = schema.map(({ name, type }) => `CAST(${identifier(name)} AS ${type}) AS ${identifier(name)}`)
  const list = `[${files.map(text).join(', ')}]`
  const where = range === undefined ? '' : ` WHERE file_row_number >= ${range.from} AND file_row_number < ${range.to}`
  return `SELECT ${columns.join(', ')} FROM read_parquet(${list}, file_row_number = true)${where}`
}

/** 0-based, within one file; row groups outside of it are not read. */
export interface RowRange {
  readonly from: number
  readonly to: number
}

/** An empty table with the columns of `schema`. */
export function createEmpty(table: string, schema: Schema): string {
  const columns = schema.map(({ name, type }) => `${identifier(name)} ${type}`)
  return `CREATE TABLE IF NOT EXISTS ${table} (${columns.join(', ')})`
}
