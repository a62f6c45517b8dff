import type { Reading } from '../dialect.js'
import type { ReadColumn } from '../relation.js'
import { capture } from './capture.js'
import type { MysqlDb } from './db.js'
import { describe, primaryKey } from './describe.js'
import { name } from './sql.js'

export const reading: Reading<MysqlDb> = {
  describe,
  primaryKey,
  asText: (column) => column.read ?? `CAST(${name(column.name)} AS CHAR)`,
  literal,
  settled: (column, lagMs) => `${name(column.name)} <= NOW(6) - INTERVAL ${lagMs * 1000} MICROSECOND`,
  capture,
}

/** Unquoted where quotes would make it a number that is not exact. */
function literal({ type }: ReadColumn, value: string): string {
  if (type === 'BLOB') return `X'${value}'`
  if (/^(U?(TINY|SMALL|BIG)?INT(EGER)?|DECIMAL)/.test(type) && /^-?\d+(\.\d+)?$/.test(value)) return value
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
