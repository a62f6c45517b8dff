import type { Reading } from '../dialect.js'
import type { ReadColumn } from '../relation.js'
import { name, text } from '../standard-sql.js'
import { capture } from './capture.js'
import type { SqliteDb } from './db.js'
import { affinityOf, readAs } from './types.js'

export const reading: Reading<SqliteDb> = {
  describe: async (db, from) => describe(db, from),
  primaryKey: async (db, table) => {
    const [first, second] = table.split('.', 2)
    const facts =
      second === undefined
        ? `pragma_table_info(${text(first!)})`
        : `pragma_table_info(${text(second)}, ${text(first!)})`
    return (await db.rows(`SELECT name FROM ${facts} WHERE pk > 0 ORDER BY pk`)).map((row) => String(row.name))
  },
  nullableKeys: true,
  asText: (column) => column.keyRead!,
  literal: (column, value) => {
    const [, kind, written] = /^(integer|real|text|blob):(-?[\dA-F.e+-]*|-?Inf)$/.exec(value) ?? []
    if (kind === 'text') return `CAST(X'${written}' AS TEXT)`
    if (kind === 'blob') return `X'${written}'`
    if (kind !== undefined) return written!.replace('Inf', '9e999')
    // What a config gives, or an older position.
    if (column.hex) return `X'${value}'`
    return column.type === 'BIGINT' && /^-?\d+$/.test(value) ? value : text(value)
  },
  settled: ({ name: column, type }, lagMs) => {
    const form = type === 'DATE' ? '%Y-%m-%d' : '%Y-%m-%d %H:%M:%f'
    return `${name(column)} <= strftime('${form}', 'now', '-${lagMs / 1000} seconds')`
  },
  capture,
}

/** With its storage class, which decides how SQLite compares it, whatever the column says. */
const positionOf = (column: string) =>
  `typeof(${column}) || ':' || CASE WHEN typeof(${column}) IN ('text', 'blob') THEN hex(CAST(${column} AS BLOB)) ELSE quote(${column}) END`

export function describe({ client }: SqliteDb, from: string): readonly ReadColumn[] {
  return client
    .prepare(`SELECT * FROM ${from}`)
    .columns()
    .map(({ name: column, type: declared }): ReadColumn => {
      const type = readAs(declared)
      const affinity = affinityOf(declared ?? '')
      return {
        name: column,
        type,
        keyRead: positionOf(name(column)),
        ...(type === 'BLOB' && { hex: true as const }),
        // A number that is not whole loses digits as text.
        ordered: declared !== null && (affinity === 'INTEGER' || affinity === 'TEXT' || /^(BLOB|DATE|TIME)/.test(type)),
      }
    })
}
