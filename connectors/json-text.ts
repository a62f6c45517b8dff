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
  // Its line ends stand between tokens only, and would be those of a record elsewhere.
  if (type === 'JSON') return `translate(CAST(${column} AS VARCHAR), chr(10) || chr(13), '  ')`
  if (asItIs.test(type)) return `CAST(${column} AS VARCHAR)`
  // JSON has no NaN and no infinity: they are written as text, which reads back as the number.
  if (/^(FLOAT|DOUBLE)$/.test(type)) {
    return `CASE WHEN isfinite(${column}) THEN CAST(${column} AS VARCHAR) ELSE '"' || CAST(${column} AS VARCHAR) || '"' END`
  }
  const exact = /DECIMAL/.test(type) ? `CAST(${column} AS ${withWideDecimals(type)})` : column
  const json = `CAST(to_json(${exact}) AS VARCHAR)`
  return holdsDoubles(type) ? withoutBareNumbers(json) : json
}

/** Whether `to_json` would write a column in another way: JSON with fewer digits, NaN and infinity as what is no JSON. */
export const needsOwnText = (type: string): boolean => type === 'JSON' || holdsDoubles(type)

const holdsDoubles = (type: string) => /\b(FLOAT|DOUBLE)\b/.test(type)

/** NaN and infinity within lists and structs, as `to_json` writes them, become text. The mark is none that JSON holds as it is. */
function withoutBareNumbers(json: string): string {
  const textOrNumber = String.raw`'("(?:[^"\\]|\\.)*")|(NaN|-?Infinity)'`
  const marked = String.raw`regexp_replace(${json}, ${textOrNumber}, '\1' || chr(1) || '\2' || chr(1), 'g')`
  const quoted = `replace(replace(${marked}, chr(1) || chr(1), ''), chr(1), '"')`
  return `CASE WHEN contains(${json}, 'NaN') OR contains(${json}, 'Infinity') THEN ${quoted} ELSE ${json} END`
}

const asItIs = /^(U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)|BOOLEAN|DECIMAL\(\d+,\s*\d+\))$/

/** Within lists and structs: decimals of more than 18 digits are written digit by digit. */
const withWideDecimals = (type: string) => type.replaceAll(/DECIMAL\(\d+,\s*(\d+)\)/g, 'DECIMAL(38,$1)')
