import type { Column, Schema } from '../../../core/record/schema.js'
import type { JdbcSinkConfig } from '../config.js'
import { asWritten, createTableSql, name } from '../standard-sql.js'
import type { Target } from '../target.js'
import type { PostgresDb } from './db.js'
import { writtenAs } from './types.js'

/** null: there is no such table. */
export async function readTarget(db: PostgresDb, table: string): Promise<Target | null> {
  const [facts] = await db.rows('SELECT relkind AS kind FROM pg_class WHERE oid = to_regclass(?)', [asWritten(table)])
  if (!facts) return null
  const rows = await db.rows(
    `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS shown, b.typname AS base, b.typtype AS sort,
       CASE WHEN b.typname = 'numeric' AND GREATEST(a.atttypmod, t.typtypmod) >= 4 THEN (((GREATEST(a.atttypmod, t.typtypmod) - 4) & 2047) # 1024) - 1024 END AS scale,
       CASE WHEN b.typname IN ('timestamp', 'timestamptz', 'time', 'timetz') AND GREATEST(a.atttypmod, t.typtypmod) >= 0 THEN GREATEST(a.atttypmod, t.typtypmod)
            WHEN b.typname = 'interval' AND GREATEST(a.atttypmod, t.typtypmod) >= 0 THEN LEAST(GREATEST(a.atttypmod, t.typtypmod) & 65535, 6) END AS fraction,
       CASE WHEN b.typname = 'interval' AND GREATEST(a.atttypmod, t.typtypmod) >= 0 THEN (GREATEST(a.atttypmod, t.typtypmod) >> 16) & 32767 <> 32767 END AS part,
       CASE WHEN b.typname IN ('varchar', 'bpchar') AND GREATEST(a.atttypmod, t.typtypmod) >= 4 THEN GREATEST(a.atttypmod, t.typtypmod) - 4 END AS length,
       a.attnotnull OR t.typnotnull AS needed, a.atthasdef OR a.attidentity <> '' OR t.typdefault IS NOT NULL AS given, a.attgenerated <> '' AS generated
     FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
       JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
     WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`,
    [asWritten(table)],
  )
  const columns = rows.map((row) => ({
    name: String(row.name),
    columnType: String(row.shown),
    // An interval of some fields only leaves out the others.
    dataType: row.sort === 'e' ? 'enum' : row.part === 't' ? 'part of an interval' : String(row.base),
    scale: numberOf(row.scale),
    fraction: numberOf(row.fraction),
    length: numberOf(row.length),
    required: row.needed === 't' && row.given !== 't',
    generated: row.generated === 't',
  }))
  return { columns, withoutTransactions: withoutTransactions[String(facts.kind)] ?? null }
}

export async function createTable(db: PostgresDb, config: JdbcSinkConfig, input: Schema): Promise<void> {
  await db.execute(createTableSql(config, input, ({ type }) => writtenAs(type).ddl))
}

export async function addColumns(db: PostgresDb, table: string, columns: readonly Column[]): Promise<void> {
  const additions = columns.map(
    (column) => `ADD COLUMN IF NOT EXISTS ${name(column.name)} ${writtenAs(column.type).ddl}`,
  )
  await db.execute(`ALTER TABLE ${asWritten(table)} ${additions.join(', ')}`)
}

/** As ON CONFLICT takes it: of whole columns, over all rows, checked at once. */
export async function hasUniqueKey(db: PostgresDb, table: string, key: readonly string[]): Promise<boolean> {
  const rows = await db.rows(
    `SELECT i.indexrelid AS index, lower(a.attname) AS name, i.indnkeyatts AS many FROM pg_index i
       JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
     WHERE i.indrelid = to_regclass(?) AND i.indisunique AND i.indimmediate AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL`,
    [asWritten(table)],
  )
  const wanted = new Set(key.map((column) => column.toLowerCase()))
  return [...new Set(rows.map((row) => row.index))].some((index) => {
    const names = rows.filter((row) => row.index === index).map((row) => String(row.name))
    return names.length === wanted.size && names.every((one) => wanted.has(one))
  })
}

const numberOf = (value: unknown) => (value === null ? null : Number(value))

const withoutTransactions: Readonly<Record<string, string>> = {
  f: 'is kept by another server',
  v: 'is a view',
  m: 'is a view that is kept',
}
