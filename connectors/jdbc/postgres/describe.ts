import type { ReadColumn } from '../relation.js'
import { name } from '../standard-sql.js'
import type { PostgresDb } from './db.js'
import { readAs } from './types.js'

/** By the result's own description, which is exact for tables and queries alike. */
export async function describe(db: PostgresDb, from: string): Promise<readonly ReadColumn[]> {
  const { fields } = await db.client.query(`SELECT * FROM ${from} LIMIT 0`)
  const kinds = await kindsOf(db, [...new Set(fields.map((field) => field.dataTypeID))])
  return fields.map((field): ReadColumn => {
    const quoted = name(field.name)
    const kind = kinds.get(field.dataTypeID)
    if (kind === 'ARRAY') return { name: field.name, type: 'JSON', ordered: false, read: `array_to_json(${quoted})` }
    const type = readAs(field.dataTypeID, field.dataTypeModifier)
    return {
      name: field.name,
      type,
      ordered: kind === 'ENUM' || ordered.has(field.dataTypeID),
      ...(type === 'BLOB' && { read: `encode(${quoted}, 'hex')`, hex: true as const }),
      // DuckDB reads a year BC only in parentheses.
      ...(type === 'DATE' && { read: `replace(CAST(${quoted} AS text), ' BC', ' (BC)')` }),
    }
  })
}

export async function primaryKey(db: PostgresDb, table: string): Promise<readonly string[]> {
  const rows = await db.rows(
    `SELECT a.attname AS name FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, at)
       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
     WHERE i.indrelid = to_regclass(?) AND i.indisprimary ORDER BY k.at`,
    [table.split('.').map(name).join('.')],
  )
  return rows.map((row) => String(row.name))
}

async function kindsOf(db: PostgresDb, oids: readonly number[]): Promise<ReadonlyMap<number, 'ARRAY' | 'ENUM'>> {
  if (oids.length === 0) return new Map()
  const rows = await db.rows(
    `SELECT oid, CASE typtype WHEN 'e' THEN 'ENUM' ELSE 'ARRAY' END AS kind FROM pg_type
     WHERE oid IN (${oids.join(', ')}) AND (typtype = 'e' OR typcategory = 'A')`,
  )
  return new Map(rows.map((row) => [Number(row.oid), row.kind as 'ARRAY' | 'ENUM']))
}

/** Whole and decimal numbers, text, bytes, times, UUIDs. */
const ordered = new Set([20, 21, 23, 25, 26, 1042, 1043, 19, 17, 1700, 1082, 1083, 1114, 1184, 2950])
