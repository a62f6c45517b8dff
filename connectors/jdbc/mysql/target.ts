import { JobError } from '../../../core/errors/job-error.js'
import { type Column, type Schema, sameName } from '../../../core/record/schema.js'
import { type JdbcSinkConfig, keyOf } from '../config.js'
import type { Target, TargetColumn } from '../target.js'
import type { MysqlDb } from './db.js'
import { name, qualified, rowsOf } from './sql.js'
import { writtenAs } from './types.js'

/** null: there is no such table. */
export async function readTarget({ client }: MysqlDb, table: string): Promise<Target | null> {
  const [database, plain] = await qualified(client, table)
  const [facts] = await rowsOf(
    client,
    'SELECT engine AS engine, table_type AS kind FROM information_schema.tables WHERE table_schema = ? AND table_name = ?',
    [database, plain],
  )
  if (!facts) return null
  const rows = await rowsOf(
    client,
    `SELECT column_name AS name, column_type AS columnType, data_type AS dataType, numeric_scale AS scale, datetime_precision AS fraction, character_maximum_length AS length,
       is_nullable AS nullable,
       column_default AS standard, extra AS extra
     FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`,
    [database, plain],
  )
  const columns = rows.map((row): TargetColumn => {
    const extra = String(row.extra)
    const generated = /(virtual|stored) generated|persistent generated/i.test(extra)
    return {
      name: String(row.name),
      columnType: /^(enum|set)/i.test(String(row.columnType))
        ? String(row.columnType)
        : String(row.columnType).toLowerCase(),
      dataType: String(row.dataType).toLowerCase(),
      scale: row.scale === null ? null : Number(row.scale),
      fraction: row.fraction === null ? null : Number(row.fraction),
      length: row.length === null ? null : Number(row.length),
      required: row.nullable !== 'YES' && row.standard === null && !/auto_increment/i.test(extra) && !generated,
      generated,
    }
  })
  const engine = facts.kind === 'BASE TABLE' ? String(facts.engine ?? '') : String(facts.kind)
  const withoutTransactions = transactional.has(engine.toLowerCase())
    ? null
    : `is kept by ${engine || 'an engine'} without transactions`
  return { columns, withoutTransactions }
}

/** The columns of a unique index, so that a key names one record. */
export async function hasUniqueKey({ client }: MysqlDb, table: string, key: readonly string[]): Promise<boolean> {
  const [database, plain] = await qualified(client, table)
  const rows = await rowsOf(
    client,
    `SELECT index_name AS name, GROUP_CONCAT(LOWER(column_name) ORDER BY column_name SEPARATOR '\\0') AS columns
     FROM information_schema.statistics WHERE table_schema = ? AND table_name = ? AND non_unique = 0
     GROUP BY index_name HAVING COUNT(sub_part) = 0`,
    [database, plain],
  )
  const wanted = key
    .map((column) => column.toLowerCase())
    .sort()
    .join('\0')
  return rows.some((row) => String(row.columns).split('\0').sort().join('\0') === wanted)
}

export async function createTable(db: MysqlDb, config: JdbcSinkConfig, input: Schema): Promise<void> {
  const key = keyOf(config)
  const table = await quoted(db, config.table)
  const isKey = (column: Column) => key.some((one) => sameName(one, column.name))
  const columns = input.map((column) => {
    const written = writtenAs(column.type)
    return `${name(column.name)} ${written.ddl(isKey(column))} ${isKey(column) ? 'NOT NULL' : 'NULL'}`
  })
  const primary = key.length > 0 ? [`PRIMARY KEY (${key.map(name).join(', ')})`] : []
  const collation = await exactCollation(db)
  const text = input.find((column) => isKey(column) && writtenAs(column.type).family === 'TEXT')
  if (collation === null && text !== undefined)
    throw new JobError(
      'sink.unsupported',
      `This server takes \`a\` and \`a \` for the same key, so that no table can be made with the key \`${text.name}\`.`,
      {
        pointer: '/key',
        hint: 'Make the table yourself with a key of bytes (VARBINARY), or use a newer server.',
      },
    )
  await db.execute(
    `CREATE TABLE IF NOT EXISTS ${table} (${[...columns, ...primary].join(', ')}) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = ${collation ?? 'utf8mb4_bin'}`,
  )
}

/** Text compares byte by byte, as it does in the engine, and with its spaces at the end. That of MariaDB, and of MySQL 8; null: none. */
async function exactCollation({ client }: MysqlDb): Promise<string | null> {
  const [found] = await rowsOf(
    client,
    `SELECT collation_name AS name FROM information_schema.collations WHERE collation_name IN ('utf8mb4_nopad_bin', 'utf8mb4_0900_bin') ORDER BY 1 DESC LIMIT 1`,
  )
  return found === undefined ? null : String(found.name)
}

export async function addColumns(db: MysqlDb, table: string, columns: readonly Column[]): Promise<void> {
  const additions = columns.map(
    ({ name: column, type }) => `ADD COLUMN ${name(column)} ${writtenAs(type).ddl(false)} NULL`,
  )
  await db.execute(`ALTER TABLE ${await quoted(db, table)} ${additions.join(', ')}`)
}

export async function quoted({ client }: MysqlDb, table: string): Promise<string> {
  return (await qualified(client, table)).map(name).join('.')
}

const transactional = new Set(['innodb', 'tokudb', 'rocksdb', 'xtradb'])
