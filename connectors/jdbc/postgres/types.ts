/** DuckDB types in PostgreSQL: how a column is made, how its values are written, and which columns hold them. */
import { lostAsFloat, lostDigits, type TargetColumn } from '../target.js'

export interface Written {
  /** In CREATE TABLE. */
  readonly ddl: string
  /** Base types of columns that hold every value. */
  readonly holds: readonly string[]
  /** DuckDB expression giving the value as a field of COPY in text form. */
  encode(column: string): string
}

const integers = ['int2', 'int4', 'int8']
// A `name` is cut.
const texts = ['text', 'varchar', 'bpchar', 'citext', 'enum']

const plain = (ddl: string, ...holds: string[]): Written => ({
  ddl,
  holds: [...holds, ...texts],
  encode: (column) => column,
})
/** In text form a backslash begins an escape, and a tab or line end ends a value. */
const escaped = (text: string) =>
  [
    ['\\', '\\\\'],
    ['\t', '\\t'],
    ['\n', '\\n'],
    ['\r', '\\r'],
  ].reduce((inner, [from, to]) => `replace(${inner}, ${literal(from!)}, ${literal(to!)})`, text)
const literal = (text: string) => (/[\t\n\r]/.test(text) ? `chr(${text.charCodeAt(0)})` : `'${text}'`)
const textual = (ddl: string, ...holds: string[]): Written => ({
  ddl,
  holds: [...holds, ...texts],
  encode: (column) => escaped(`CAST(${column} AS VARCHAR)`),
})
const whole = (ddl: string) => plain(ddl, ...integers, 'numeric', 'float8')
const moment = (ddl: string): Written => ({
  ...plain(ddl, 'timestamp', 'timestamptz'),
  encode: (column) => column,
})

const simple: Readonly<Record<string, Written>> = {
  BOOLEAN: { ...plain('boolean'), holds: ['bool'] },
  TINYINT: whole('smallint'),
  SMALLINT: whole('smallint'),
  INTEGER: whole('integer'),
  BIGINT: whole('bigint'),
  UTINYINT: whole('smallint'),
  USMALLINT: whole('integer'),
  UINTEGER: whole('bigint'),
  UBIGINT: whole('numeric(20,0)'),
  HUGEINT: whole('numeric(39,0)'),
  UHUGEINT: whole('numeric(39,0)'),
  FLOAT: plain('real', 'float4', 'float8'),
  DOUBLE: plain('double precision', 'float8'),
  VARCHAR: textual('text', 'json', 'jsonb', 'xml', 'inet', 'cidr', 'macaddr', 'bit', 'varbit', 'timetz'),
  UUID: plain('uuid', 'uuid'),
  DATE: plain('date', 'date', 'timestamp', 'timestamptz'),
  TIME: plain('time', 'time'),
  'TIME WITH TIME ZONE': plain('timetz', 'timetz'),
  INTERVAL: plain('interval', 'interval'),
  TIMESTAMP: moment('timestamp'),
  TIMESTAMP_S: moment('timestamp'),
  TIMESTAMP_MS: moment('timestamp'),
  // The session is in UTC.
  'TIMESTAMP WITH TIME ZONE': moment('timestamptz'),
  JSON: textual('json', 'json', 'jsonb'),
  BLOB: { ddl: 'bytea', holds: ['bytea'], encode: (column) => `'\\\\x' || hex(${column})` },
}

export function writtenAs(duckdbType: string): Written {
  const known = simple[duckdbType]
  if (known) return known
  const [, precision, scale] = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(duckdbType) ?? []
  if (precision !== undefined) return plain(`numeric(${precision},${scale})`, 'numeric')
  // Lists, structs and maps are written as JSON.
  if (/(\]|\))$/.test(duckdbType) && !duckdbType.startsWith('ENUM')) {
    return { ...textual('json', 'json', 'jsonb'), encode: (column) => escaped(`CAST(to_json(${column}) AS VARCHAR)`) }
  }
  return textual('text')
}

/** What the column would round or cut in silence is written so that it is refused. */
export function encodedFor({ dataType, fraction, length }: TargetColumn, type: string, column: string): string {
  const encoded = writtenAs(type).encode(column)
  const lost = lostOf(dataType, fraction, type, column)
  if (lost !== null)
    return `CASE WHEN ${lost} THEN ${escaped(`CAST(${column} AS VARCHAR)`)} || ' has more digits' ELSE CAST(${encoded} AS VARCHAR) END`
  // Only spaces at the end are cut: then something else is there.
  if (length === null || !['varchar', 'bpchar'].includes(dataType)) return encoded
  return `CASE WHEN length(CAST(${column} AS VARCHAR)) > ${length} THEN ${encoded} || '…' ELSE CAST(${encoded} AS VARCHAR) END`
}

function lostOf(dataType: string, fraction: number | null, type: string, column: string): string | null {
  if (dataType === 'float8') return numeric.test(type) ? lostAsFloat(column, type, 'DOUBLE') : null
  // A text is rounded to microseconds at least.
  if (dataType === 'timetz' && type === 'VARCHAR')
    return `regexp_matches(${column}, '[.]\\d{${fraction ?? 6}}\\d*[1-9]')`
  return fraction !== null && /^(TIME|INTERVAL)/.test(type) ? lostDigits(column, fraction) : null
}

const numeric = /INT|^(FLOAT|DOUBLE|DECIMAL)/

/** By kind: a value that is out of range is a matter of records. A scale that is too small would round in silence. */
export function fits(type: string, { dataType, scale }: TargetColumn): boolean {
  if (!writtenAs(type).holds.includes(dataType)) return false
  const given = Number(/^DECIMAL\(\d+,\s*(\d+)\)$/.exec(type)?.[1] ?? 0)
  return dataType !== 'numeric' || scale === null || given <= scale
}

/** The DuckDB type that holds every value of a column of this base type. */
export function readAs(oid: number, modifier: number): string {
  if (oid !== NUMERIC) return byOid[oid] ?? 'VARCHAR'
  // Without a precision it may have any number of digits.
  if (modifier < 4) return 'VARCHAR'
  const precision = ((modifier - 4) >> 16) & 0xffff
  const scale = (modifier - 4) & 0x7ff
  return precision <= 38 && scale <= precision ? `DECIMAL(${precision},${scale})` : 'VARCHAR'
}

const NUMERIC = 1700
const byOid: Readonly<Record<number, string>> = {
  16: 'BOOLEAN',
  17: 'BLOB',
  20: 'BIGINT',
  21: 'SMALLINT',
  23: 'INTEGER',
  26: 'UINTEGER',
  114: 'JSON',
  700: 'FLOAT',
  701: 'DOUBLE',
  1082: 'DATE',
  1083: 'TIME',
  1114: 'TIMESTAMP',
  1184: 'TIMESTAMP WITH TIME ZONE',
  1186: 'INTERVAL',
  2950: 'UUID',
  3802: 'JSON',
}
