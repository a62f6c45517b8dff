import { createHash } from 'node:crypto'
import type { Connection } from 'mysql2/promise'
import { JobError } from '../../core/errors/job-error.js'
import { type Column, type Schema, sameName } from '../../core/record/schema.js'
import type { SinkKey } from '../spi.js'
import { type JdbcSinkConfig, keyOf } from './config.js'
import { execute, name, qualified, rowsOf } from './mysql-sql.js'
import { writtenAs } from './types.js'

export interface TargetColumn {
  readonly name: string
  /** `decimal(10,2)`, `bigint(20) unsigned`: as the server writes it. */
  readonly columnType: string
  readonly dataType: string
  readonly length: number | null
  readonly precision: number | null
  readonly scale: number | null
  readonly fraction: number | null
  /** Must be given: NOT NULL, no default, not made by the server. */
  readonly required: boolean
  readonly nullable: boolean
  readonly generated: boolean
}

export interface Target {
  readonly columns: readonly TargetColumn[]
  readonly engine: string
}

/** null: there is no such table. */
export async function readTarget(connection: Connection, table: string): Promise<Target | null> {
  const [database, plain] = await qualified(connection, table)
  const [facts] = await rowsOf(
    connection,
    'SELECT engine AS engine, table_type AS kind FROM information_schema.tables WHERE table_schema = ? AND table_name = ?',
    [database, plain],
  )
  if (!facts) return null
  const rows = await rowsOf(
    connection,
    `SELECT column_name AS name, column_type AS columnType, data_type AS dataType, character_maximum_length AS length,
       numeric_precision AS prec, numeric_scale AS scale, datetime_precision AS fraction, is_nullable AS nullable,
       column_default AS standard, extra AS extra
     FROM information_schema.columns WHERE table_schema = ? AND table_name = ? ORDER BY ordinal_position`,
    [database, plain],
  )
  const number = (value: unknown) => (value === null ? null : Number(value))
  const columns = rows.map((row): TargetColumn => {
    const extra = String(row.extra)
    const generated = /(virtual|stored) generated|persistent generated/i.test(extra)
    const nullable = row.nullable === 'YES'
    return {
      name: String(row.name),
      columnType: String(row.columnType).toLowerCase(),
      dataType: String(row.dataType).toLowerCase(),
      length: number(row.length),
      precision: number(row.prec),
      scale: number(row.scale),
      fraction: number(row.fraction),
      required: !nullable && row.standard === null && !/auto_increment/i.test(extra) && !generated,
      nullable,
      generated,
    }
  })
  return { columns, engine: facts.kind === 'BASE TABLE' ? String(facts.engine ?? '') : String(facts.kind) }
}

/** The columns that are written: those of the input that the target has (all, unless `onSchemaChange: IGNORE`). */
export function writtenColumns(input: Schema, target: Target, config: JdbcSinkConfig): readonly Column[] {
  const known = new Set(target.columns.map((column) => column.name.toLowerCase()))
  const written = input.filter((column) => known.has(column.name.toLowerCase()))
  if (written.length === input.length || config.onSchemaChange === 'IGNORE') return written
  const missing = input.find((column) => !known.has(column.name.toLowerCase()))
  throw new JobError('schema.mismatch', `The table ${config.table} has no column \`${missing?.name}\`.`, {
    pointer: '/table',
  })
}

/** Makes the table, or the columns it lacks, as far as the config says so. DDL commits: never within a transaction. */
export async function makeTarget(connection: Connection, config: JdbcSinkConfig, input: Schema): Promise<Target> {
  let target = await readTarget(connection, config.table)
  if (!target && config.createTable) {
    await execute(connection, createTable(await quotedTable(connection, config.table), input, keyOf(config)))
    target = await readTarget(connection, config.table)
  }
  if (!target) {
    throw new JobError('sink.refused', `There is no table ${config.table}.`, {
      pointer: '/table',
      hint: 'Say `createTable: true` to have it made.',
    })
  }
  const known = new Set(target.columns.map((column) => column.name.toLowerCase()))
  const missing = input.filter((column) => !known.has(column.name.toLowerCase()))
  if (missing.length === 0 || config.onSchemaChange !== 'EVOLVE') return target
  const additions = missing.map((column) => `ADD COLUMN ${name(column.name)} ${writtenAs(column.type).ddl(false)} NULL`)
  await execute(connection, `ALTER TABLE ${await quotedTable(connection, config.table)} ${additions.join(', ')}`)
  return (await readTarget(connection, config.table))!
}

/** Only tables with transactions can uphold I2. */
export function checkEngine(target: Target, table: string): void {
  if (transactional.has(target.engine.toLowerCase())) return
  throw new JobError(
    'sink.unsupported',
    `The table ${table} is kept by ${target.engine || 'an engine'} without transactions.`,
    {
      pointer: '/table',
      hint: 'Use an InnoDB table.',
    },
  )
}

/** The columns of a unique index, so that a key names one record. */
export async function hasUniqueKey(connection: Connection, table: string, key: readonly string[]): Promise<boolean> {
  const [database, plain] = await qualified(connection, table)
  const rows = await rowsOf(
    connection,
    `SELECT index_name AS name, GROUP_CONCAT(LOWER(column_name) ORDER BY column_name SEPARATOR '\\0') AS columns
     FROM information_schema.statistics WHERE table_schema = ? AND table_name = ? AND non_unique = 0 GROUP BY index_name`,
    [database, plain],
  )
  const wanted = key
    .map((column) => column.toLowerCase())
    .sort()
    .join('\0')
  return rows.some((row) => String(row.columns).split('\0').sort().join('\0') === wanted)
}

/** Where REPLACE and `replaceWhere` collect what becomes visible at the end; named by the lineage. */
export async function shadowTable(connection: Connection, table: string, key: SinkKey): Promise<string> {
  const [database, plain] = await qualified(connection, table)
  const hash = createHash('sha256').update(`${key.lineageId}\n${key.sinkUid}`).digest('hex').slice(0, 16)
  return `${name(database)}.${name(`${[...plain].slice(0, 40).join('')}__etl_${hash}`)}`
}

export async function quotedTable(connection: Connection, table: string): Promise<string> {
  return (await qualified(connection, table)).map(name).join('.')
}

function createTable(table: string, input: Schema, key: readonly string[]): string {
  const isKey = (column: Column) => key.some((one) => sameName(one, column.name))
  const columns = input.map((column) => {
    const written = writtenAs(column.type)
    return `${name(column.name)} ${written.ddl(isKey(column))} ${isKey(column) ? 'NOT NULL' : 'NULL'}`
  })
  const primary = key.length > 0 ? [`PRIMARY KEY (${key.map(name).join(', ')})`] : []
  // Text compares byte by byte, as it does in the engine.
  return `CREATE TABLE IF NOT EXISTS ${table} (${[...columns, ...primary].join(', ')}) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_bin`
}

const transactional = new Set(['innodb', 'tokudb', 'rocksdb', 'xtradb'])
