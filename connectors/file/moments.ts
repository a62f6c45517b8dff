import type { Column, Schema } from '../../core/record/schema.js'
import { identifier } from '../../duckdb/sql.js'

/** Columns as DuckDB is to read them, and what is made of them after. */
export interface Moments {
  readonly columns: Schema
  readonly from: (relation: string) => string
}

/**
 * DuckDB would leave out the zone that stands behind a TIMESTAMP, and the time behind a DATE. Read as text they are
 * taken apart here: what has a zone becomes UTC, and a DATE has no time but midnight. Costs nothing that can be measured.
 */
export function momentsOf(
  columns: Schema,
  written: { readonly dateFormat?: unknown; readonly timestampFormat?: unknown },
): Moments {
  const isText = ({ type }: Column) =>
    (type === 'TIMESTAMP' && written.timestampFormat === undefined) ||
    (type === 'DATE' && written.dateFormat === undefined)
  const replaced = columns.filter(isText).map(({ name, type }) => {
    const value = identifier(name)
    return `${type === 'DATE' ? date(value) : timestamp(value)} AS ${value}`
  })
  if (replaced.length === 0) return { columns, from: (relation) => relation }
  return {
    columns: columns.map((column) => (isText(column) ? { ...column, type: 'VARCHAR' } : column)),
    from: (relation) => `(SELECT * REPLACE (${replaced.join(', ')}) FROM ${relation})`,
  }
}

const timestamp = (value: string) =>
  `CASE WHEN ltrim(${value}[11:], ' T:.0123456789') = '' THEN CAST(${value} AS TIMESTAMP) ELSE timezone('UTC', CAST(${value} AS TIMESTAMP WITH TIME ZONE)) END`

/** What is no date fails as such. */
const date = (value: string) =>
  `CASE WHEN strlen(${value}) <= 10 OR rtrim(${value}[11:], ' T:.0Z') = '' THEN CAST(${value} AS DATE) ELSE CAST('no date: ' || ${value} AS DATE) END`
