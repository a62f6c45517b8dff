import type { Column, Schema } from '../../../core/record/schema.js'
import type { JdbcSinkConfig } from '../config.js'
import { asWritten, createTableSql, name, text } from '../standard-sql.js'
import type { Target, TargetColumn } from '../target.js'
import type { SqliteDb } from './db.js'
import { affinityOf, writtenAs } from './types.js'

/** null: there is no such table. */
export async function readTarget(db: SqliteDb, table: string): Promise<Target | null> {
  const [facts] = await db.rows(
    `SELECT type AS kind FROM sqlite_master WHERE type IN ('table', 'view') AND name = ? COLLATE NOCASE`,
    [table],
  )
  if (!facts) return null
  const rows = await db.rows(
    `SELECT name, type, "notnull" AS needed, dflt_value AS given, pk, hidden FROM pragma_table_xinfo(${text(table)})`,
  )
  const columns = rows.map((row): TargetColumn => {
    const declared = String(row.type)
    return {
      name: String(row.name),
      columnType: declared === '' ? 'without a type' : declared.toLowerCase(),
      dataType: affinityOf(declared),
      scale: null,
      fraction: null,
      length: null,
      required: Number(row.needed) === 1 && row.given === null,
      generated: Number(row.hidden) > 1,
    }
  })
  return { columns, withoutTransactions: facts.kind === 'view' ? 'is a view' : null }
}

export async function createTable(db: SqliteDb, config: JdbcSinkConfig, input: Schema): Promise<void> {
  await db.execute(createTableSql(config, input, ({ type }) => writtenAs(type).ddl))
}

export async function addColumns(db: SqliteDb, table: string, columns: readonly Column[]): Promise<void> {
  for (const column of columns) {
    await db.execute(`ALTER TABLE ${asWritten(table)} ADD COLUMN ${name(column.name)} ${writtenAs(column.type).ddl}`)
  }
}

export async function hasUniqueKey(db: SqliteDb, table: string, key: readonly string[]): Promise<boolean> {
  const primary = await db.rows(`SELECT name FROM pragma_table_info(${text(table)}) WHERE pk > 0`)
  const unique = await db.rows(
    `SELECT l.name AS "index", i.name AS name FROM pragma_index_list(${text(table)}) l, pragma_index_info(l.name) i WHERE l."unique" = 1 AND l.partial = 0`,
  )
  const wanted = new Set(key.map((column) => column.toLowerCase()))
  const groups = [
    primary,
    ...[...new Set(unique.map((row) => row.index))].map((index) => unique.filter((row) => row.index === index)),
  ]
  return groups.some(
    (group) => group.length === wanted.size && group.every((row) => wanted.has(String(row.name).toLowerCase())),
  )
}
