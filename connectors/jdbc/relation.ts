import type { Connection, FieldPacket } from 'mysql2/promise'
import { JobError } from '../../core/errors/job-error.js'
import { type Schema, sameName } from '../../core/record/schema.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { JdbcSourceConfig } from './config.js'
import { name, qualified, rowsOf, tableName } from './mysql-sql.js'
import { readAs } from './types.js'

/** What is read: its columns, and the key by which it can be read in pages. */
export interface Relation {
  /** After FROM. */
  readonly from: string
  /** For people. */
  readonly shown: string
  readonly columns: readonly ReadColumn[]
  /** Empty: it can only be read whole. */
  readonly key: readonly ReadColumn[]
}

export interface ReadColumn {
  readonly name: string
  readonly type: string
  readonly bit: boolean
}

export async function readRelation(connection: Connection, config: JdbcSourceConfig): Promise<Relation> {
  const from = config.table === undefined ? `(${config.query}) AS etl_query` : tableName(config.table)
  const all = await describeRelation(connection, from)
  const find = (wanted: string, pointer: string): ReadColumn => {
    const found = all.find((column) => sameName(column.name, wanted))
    if (found) return found
    const hint = nearestHint(
      wanted,
      all.map((column) => column.name),
    )
    throw new JobError('config.invalid', `There is no column \`${wanted}\` in ${config.table ?? 'the query'}.`, {
      pointer,
      ...(hint === null ? {} : { hint }),
    })
  }
  const columns = config.columns?.map((wanted, at) => find(wanted, `/columns/${at}`)) ?? all
  if (config.incremental) find(config.incremental.column, '/incremental/column')
  const key =
    config.splitBy !== undefined
      ? [config.splitBy]
      : config.table === undefined
        ? []
        : await primaryKey(connection, config.table)
  return {
    from,
    shown: config.table ?? 'query',
    columns,
    key: key.map((column) => find(column, '/splitBy')),
  }
}

export function schemaOf(relation: Relation): Schema {
  return relation.columns.map(({ name, type }) => ({ name, type }))
}

/** A value of a key in the database's spelling: unquoted where quotes would make it a number that is not exact. */
export function literal(column: ReadColumn, value: string): string {
  if (column.type === 'BLOB') return `X'${value}'`
  if (/^(U?(TINY|SMALL|BIG)?INT(EGER)?|DECIMAL)/.test(column.type) && /^-?\d+(\.\d+)?$/.test(value)) return value
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}

export const isWhole = (column: ReadColumn | undefined): boolean =>
  column !== undefined && /^U?(TINY|SMALL|BIG)?INT(EGER)?$/.test(column.type)

/** By the result's own description, which is exact for tables and queries alike. */
async function describeRelation(connection: Connection, from: string): Promise<readonly ReadColumn[]> {
  const [, fields] = await connection.query(`SELECT * FROM ${from} LIMIT 0`)
  return fields.map((field) => {
    const packet = field as FieldPacket & {
      readonly columnType?: number
      readonly columnLength?: number
      readonly characterSet?: number
    }
    const flags = Number(field.flags ?? 0)
    const columnType = packet.columnType ?? field.type ?? 253
    return {
      name: field.name,
      bit: columnType === 16,
      type: readAs({
        columnType,
        columnLength: packet.columnLength ?? 0,
        decimals: field.decimals ?? 0,
        unsigned: (flags & 32) !== 0,
        binary: packet.characterSet === 63,
      }),
    }
  })
}

async function primaryKey(connection: Connection, table: string): Promise<readonly string[]> {
  const rows = await rowsOf(
    connection,
    `SELECT column_name AS name FROM information_schema.statistics
     WHERE table_schema = ? AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index`,
    await qualified(connection, table),
  )
  return rows.map((row) => String(row.name))
}

export const columnList = (columns: readonly ReadColumn[]): string =>
  columns.map((column) => name(column.name)).join(', ')
