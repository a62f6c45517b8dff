import type { WrittenColumn } from '../target.js'

/** DuckDB types in MySQL: how a column is made, and how its values are written so that nothing is lost. */
export interface Written {
  /** In CREATE TABLE. `key`: it stands in an index, which takes no LONGTEXT. */
  ddl(key: boolean): string
  /** DuckDB expression giving the value as text for CSV or INSERT. */
  encode(column: string): string
  /** MySQL expression over the text; absent: the text itself. */
  readonly decode?: (text: string) => string
  readonly family: Family
}

/** What a target column must be able to hold. */
export type Family =
  | 'INTEGER'
  | 'DECIMAL'
  | 'FLOAT'
  | 'TEXT'
  | 'BINARY'
  | 'DATE'
  | 'DATETIME'
  | 'TIME'
  | 'BOOLEAN'
  | 'JSON'

const plain = (ddl: string, family: Family): Written => ({
  ddl: () => ddl,
  encode: (column) => column,
  family,
})
const castTo = (ddl: string, family: Family, type: string): Written => ({
  ...plain(ddl, family),
  encode: (column) => `CAST(${column} AS ${type})`,
})
const textual = (
  ddl: string,
  family: Family = 'TEXT',
  encode = (column: string) => `CAST(${column} AS VARCHAR)`,
): Written => ({
  ddl: (key) => (key ? 'VARCHAR(255)' : ddl),
  encode,
  family,
})

const simple: Readonly<Record<string, Written>> = {
  BOOLEAN: castTo('BOOLEAN', 'BOOLEAN', 'TINYINT'),
  TINYINT: plain('TINYINT', 'INTEGER'),
  SMALLINT: plain('SMALLINT', 'INTEGER'),
  INTEGER: plain('INT', 'INTEGER'),
  BIGINT: plain('BIGINT', 'INTEGER'),
  UTINYINT: plain('TINYINT UNSIGNED', 'INTEGER'),
  USMALLINT: plain('SMALLINT UNSIGNED', 'INTEGER'),
  UINTEGER: plain('INT UNSIGNED', 'INTEGER'),
  UBIGINT: plain('BIGINT UNSIGNED', 'INTEGER'),
  HUGEINT: plain('DECIMAL(39,0)', 'DECIMAL'),
  UHUGEINT: plain('DECIMAL(39,0)', 'DECIMAL'),
  // The shortest text of the largest one is more than the server takes for one.
  FLOAT: castTo('FLOAT', 'FLOAT', 'DOUBLE'),
  DOUBLE: plain('DOUBLE', 'FLOAT'),
  VARCHAR: textual('LONGTEXT', 'TEXT', (column) => column),
  UUID: textual('CHAR(36)'),
  DATE: plain('DATE', 'DATE'),
  TIME: plain('TIME(6)', 'TIME'),
  TIMESTAMP: plain('DATETIME(6)', 'DATETIME'),
  TIMESTAMP_S: castTo('DATETIME(6)', 'DATETIME', 'TIMESTAMP'),
  TIMESTAMP_MS: castTo('DATETIME(6)', 'DATETIME', 'TIMESTAMP'),
  TIMESTAMP_NS: castTo('DATETIME(6)', 'DATETIME', 'TIMESTAMP'),
  // The session is in UTC.
  'TIMESTAMP WITH TIME ZONE': castTo('DATETIME(6)', 'DATETIME', 'TIMESTAMP'),
  JSON: { ...textual('JSON', 'JSON'), ddl: () => 'JSON' },
  BLOB: {
    ddl: (key) => (key ? 'VARBINARY(255)' : 'LONGBLOB'),
    encode: (column) => `hex(${column})`,
    decode: (text) => `UNHEX(${text})`,
    family: 'BINARY',
  },
}

export function writtenAs(duckdbType: string): Written {
  const known = simple[duckdbType]
  if (known) return known
  if (/^DECIMAL\(\d+,\s*\d+\)$/.test(duckdbType)) return plain(duckdbType, 'DECIMAL')
  // Lists, structs and maps have no type of their own there.
  if (/(\]|\))$/.test(duckdbType) && !duckdbType.startsWith('ENUM')) {
    return { ...textual('JSON', 'JSON', (column) => `CAST(to_json(${column}) AS VARCHAR)`), ddl: () => 'JSON' }
  }
  return textual('LONGTEXT')
}

/** MySQL expression over the text of a value; null: the text itself. */
export function decodeOf({ type, into }: WrittenColumn): ((text: string) => string) | null {
  // A text is taken for the bits of its characters.
  return into.dataType === 'bit' ? (text) => `CAST(${text} AS UNSIGNED)` : (writtenAs(type).decode ?? null)
}

/** A column as the server describes it in a result: the protocol's numbers. */
export interface Described {
  readonly columnType: number
  readonly columnLength: number
  readonly decimals: number
  readonly unsigned: boolean
  /** Of bytes and not of characters. */
  readonly binary: boolean
}

/** The DuckDB type that holds every value of a MySQL column. */
export function readAs({ columnType, columnLength, decimals, unsigned, binary }: Described): string {
  const integer = (type: string) => (unsigned ? `U${type}` : type)
  switch (columnType) {
    case 1:
      return integer('TINYINT')
    case 2:
      return integer('SMALLINT')
    case 3:
    case 9:
      return integer('INTEGER')
    case 8:
      return integer('BIGINT')
    case 13:
      return 'SMALLINT'
    case 4:
      return 'FLOAT'
    case 5:
      return 'DOUBLE'
    case 0:
    case 246: {
      const precision = columnLength - (decimals > 0 ? 1 : 0) - (unsigned ? 0 : 1)
      return precision <= 38 ? `DECIMAL(${precision},${decimals})` : 'VARCHAR'
    }
    case 10:
    case 14:
      return 'DATE'
    case 7:
    case 12:
    case 17:
    case 18:
      return 'TIMESTAMP'
    case 11:
    case 19:
      return 'TIME'
    case 16:
      return columnLength === 1 ? 'BOOLEAN' : 'UBIGINT'
    case 245:
      return 'JSON'
    case 255:
      return 'BLOB'
    default:
      return binary ? 'BLOB' : 'VARCHAR'
  }
}
