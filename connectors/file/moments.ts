import type { Column, Schema } from '../../core/record/schema.js'
import { identifier } from '../../duckdb/sql.js'

/** Columns as DuckDB is to read them, and what is made of them after. */
export interface Moments {
  readonly columns: Schema
  readonly from: (relation: string) => string
}

/**
 * DuckDB would leave out the zone that stands behind a TIMESTAMP, and so make it another moment: it is read as text, and
 * becomes UTC here.
 */
export function momentsOf(columns: Schema, timestampFormat: string | undefined): Moments {
  const isText = ({ type }: Column) => type === 'TIMESTAMP' && timestampFormat === undefined
  const replaced = columns.filter(isText).map(({ name }) => `${inUtc(identifier(name))} AS ${identifier(name)}`)
  if (replaced.length === 0) return { columns, from: (relation) => relation }
  return {
    columns: columns.map((column) => (isText(column) ? { ...column, type: 'VARCHAR' } : column)),
    from: (relation) => `(SELECT * REPLACE (${replaced.join(', ')}) FROM ${relation})`,
  }
}

/**
 * An offset stands behind `+`, or `-` after a colon; of other zones DuckDB takes UTC alone. Nothing stands behind what is
 * written as most times are, up to its seconds and no further: that costs next to nothing to see.
 */
const inUtc = (value: string) =>
  `CASE WHEN ${value} LIKE '_____________:__:__' THEN CAST(${value} AS TIMESTAMP)
    WHEN contains(${value}, '+') OR ${value} LIKE '%:%-%' THEN timezone('UTC', CAST(${value} AS TIMESTAMP WITH TIME ZONE))
    ELSE CAST(${value} AS TIMESTAMP) END`
