/** Records as JSON that keeps every digit. */
import type { Column } from '../core/record/schema.js'
import { identifier, text } from '../duckdb/sql.js'

/** SQL of a JSON object of these columns. As text and not by `to_json` of the whole, which passes decimals of up to 18 digits through a DOUBLE. */
export function jsonObject(columns: readonly Column[]): string {
  const members = columns.map((column, index) => {
    const name = text(`${index === 0 ? '{' : ','}${JSON.stringify(column.name)}:`)
    return `${name} || coalesce(${jsonValue(column)}, 'null')`
  })
  return `${members.join(' || ')} || '}'`
}

export function jsonValue({ name, type }: Column): string {
  const column = identifier(name)
  if (asItIs.test(type)) return `CAST(${column} AS VARCHAR)`
  // JSON has no NaN and no infinity: they are written as text, which reads back as the number.
  if (/^(FLOAT|DOUBLE)$/.test(type)) {
    return `CASE WHEN isfinite(${column}) THEN CAST(${column} AS VARCHAR) ELSE '"' || CAST(${column} AS VARCHAR) || '"' END`
  }
  const exact = /DECIMAL/.test(type) ? `CAST(${column} AS ${withWideDecimals(type)})` : column
  return `CAST(to_json(${exact}) AS VARCHAR)`
}

const asItIs = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|BOOLEAN|JSON|DECIMAL\(\d+,\s*\d+\))$/

/** Within lists and structs: decimals of more than 18 digits are written digit by digit. */
const withWideDecimals = (type: string) => type.replaceAll(/DECIMAL\(\d+,\s*(\d+)\)/g, 'DECIMAL(38,$1)')
