import type { Schema } from '../../core/record/schema.js'
import { identifier } from '../../duckdb/sql.js'
import type { Moments } from './moments.js'

/**
 * DuckDB would round a fraction that stands in a column of whole numbers. It is read as text, and refused here. That takes a
 * fifth of reading, so only a slice that holds a point anywhere is read so.
 */
export function wholeNumbersOf(columns: Schema): Moments {
  const isWhole = (type: string) => /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/.test(type)
  const replaced = columns
    .filter(({ type }) => isWhole(type))
    .map(({ name, type }) => `${withoutFraction(identifier(name), type)} AS ${identifier(name)}`)
  if (replaced.length === 0) return { columns, from: (relation) => relation }
  return {
    columns: columns.map((column) => (isWhole(column.type) ? { ...column, type: 'VARCHAR' } : column)),
    from: (relation) => `(SELECT * REPLACE (${replaced.join(', ')}) FROM ${relation})`,
  }
}

/** `12.00` is a whole number, and so is `1.5e3`. The text that no number begins like is one that the cast names. */
const withoutFraction = (value: string, type: string) =>
  `CAST(CASE WHEN NOT contains(${value}, '.') OR regexp_full_match(${value}, '\\s*[+-]?\\d*\\.0*\\s*') OR (contains(lower(${value}), 'e') AND TRY_CAST(${value} AS DOUBLE) = trunc(TRY_CAST(${value} AS DOUBLE)))
    THEN ${value} ELSE 'a fraction: ' || ${value} END AS ${type})`
