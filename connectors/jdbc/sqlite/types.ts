/**
 * DuckDB types in SQLite, which keeps integers of 64 bits, DOUBLE, text and bytes, and takes the rest of a declared type as a
 * hint. What needs more digits is text: a declared type with TEXT in its name keeps text as it is.
 */
export interface Written {
  readonly ddl: string
  /** Storage classes of columns that hold every value. */
  readonly holds: readonly Affinity[]
  /** DuckDB expression giving a value that the driver can bind. */
  encode(column: string): string
}

export type Affinity = 'INTEGER' | 'TEXT' | 'BLOB' | 'REAL' | 'NUMERIC'

/** Numbers keep their value in all of these. */
const whole = (ddl: string): Written => ({
  ddl,
  holds: ['INTEGER', 'NUMERIC', 'BLOB', 'TEXT'],
  encode: (column) => column,
})
const textual = (ddl: string, ...holds: Affinity[]): Written => ({
  ddl,
  holds: ['TEXT', ...holds],
  // Of its bytes: the driver ends a text at its first zero.
  encode: (column) => `hex(encode(CAST(${column} AS VARCHAR)))`,
})
const real = (ddl: string): Written => ({ ddl, holds: ['REAL'], encode: (column) => `CAST(${column} AS DOUBLE)` })

const simple: Readonly<Record<string, Written>> = {
  BOOLEAN: { ...whole('BOOLEAN'), encode: (column) => `CAST(${column} AS TINYINT)` },
  TINYINT: whole('INTEGER'),
  SMALLINT: whole('INTEGER'),
  INTEGER: whole('INTEGER'),
  BIGINT: whole('INTEGER'),
  UTINYINT: whole('INTEGER'),
  USMALLINT: whole('INTEGER'),
  UINTEGER: whole('INTEGER'),
  UBIGINT: textual('DECIMAL_TEXT(20,0)'),
  HUGEINT: textual('TEXT'),
  UHUGEINT: textual('TEXT'),
  FLOAT: real('REAL'),
  DOUBLE: real('REAL'),
  // With their separators no affinity takes them for numbers.
  DATE: textual('DATE', 'NUMERIC'),
  TIME: textual('TIME', 'NUMERIC'),
  TIMESTAMP: textual('TIMESTAMP', 'NUMERIC'),
  TIMESTAMP_S: textual('TIMESTAMP', 'NUMERIC'),
  TIMESTAMP_MS: textual('TIMESTAMP', 'NUMERIC'),
  TIMESTAMP_NS: textual('TEXT'),
  'TIMESTAMP WITH TIME ZONE': textual('TIMESTAMP WITH TIME ZONE', 'NUMERIC'),
  UUID: textual('UUID_TEXT'),
  JSON: textual('JSON_TEXT'),
  BLOB: { ddl: 'BLOB', holds: ['BLOB'], encode: (column) => `hex(${column})` },
}

export function writtenAs(duckdbType: string): Written {
  const known = simple[duckdbType]
  if (known) return known
  const decimal = /^DECIMAL(\(\d+,\s*\d+\))$/.exec(duckdbType)
  if (decimal) return textual(`DECIMAL_TEXT${decimal[1]}`)
  if (/(\]|\))$/.test(duckdbType) && !duckdbType.startsWith('ENUM')) {
    return { ...textual('JSON_TEXT'), encode: (column) => `hex(encode(CAST(to_json(${column}) AS VARCHAR)))` }
  }
  return textual('TEXT')
}

export const isText = (duckdbType: string): boolean => writtenAs(duckdbType).holds[0] === 'TEXT'

/** The rules of SQLite, in their order. */
export function affinityOf(declared: string): Affinity {
  if (/INT/i.test(declared)) return 'INTEGER'
  if (/CHAR|CLOB|TEXT/i.test(declared)) return 'TEXT'
  if (declared === '' || /BLOB/i.test(declared)) return 'BLOB'
  return /REAL|FLOA|DOUB/i.test(declared) ? 'REAL' : 'NUMERIC'
}

/** The DuckDB type of what a column is meant to hold; values of other kinds are bad records. */
export function readAs(declared: string | null): string {
  if (declared === null) return 'VARCHAR'
  const [, precision, scale = '0'] =
    /(?:DECIMAL|NUMERIC)(?:_TEXT)?\s*\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\)/i.exec(declared) ?? []
  if (precision !== undefined && Number(precision) <= 38 && Number(scale) <= Number(precision))
    return `DECIMAL(${precision},${scale})`
  const known = kinds.find(([pattern]) => pattern.test(declared))
  if (known) return known[1]
  return { INTEGER: 'BIGINT', TEXT: 'VARCHAR', BLOB: 'BLOB', REAL: 'DOUBLE', NUMERIC: 'VARCHAR' }[affinityOf(declared)]
}

const kinds: readonly (readonly [RegExp, string])[] = [
  [/^JSON/i, 'JSON'],
  [/^UUID/i, 'UUID'],
  [/^BOOL/i, 'BOOLEAN'],
  [/^(TIMESTAMP WITH TIME ZONE|TIMESTAMPTZ)$/i, 'TIMESTAMP WITH TIME ZONE'],
  [/^(TIMESTAMP|DATETIME)/i, 'TIMESTAMP'],
  [/^DATE$/i, 'DATE'],
  [/^TIME$/i, 'TIME'],
]
