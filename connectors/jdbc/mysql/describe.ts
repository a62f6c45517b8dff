import type { FieldPacket } from 'mysql2/promise'
import { type ReadColumn, twoOfOneName } from '../relation.js'
import type { MysqlDb } from './db.js'
import { asServerError } from './fault.js'
import { name, qualified, rowsOf } from './sql.js'
import { readAs } from './types.js'

/** By the result's own description, which is exact for tables and queries alike. */
export async function describe({ client }: MysqlDb, from: string): Promise<readonly ReadColumn[]> {
  const [, fields] = await client.query(`SELECT * FROM ${from} LIMIT 0`).catch((error: unknown) => {
    const { errno, sqlMessage = '' } = asServerError(error)
    if (errno === DUPLICATE_NAME) throw twoOfOneName(/'(.*)'/s.exec(sqlMessage)?.[1] ?? '', '/query')
    throw error
  })
  return fields.map((field) => {
    const packet = field as FieldPacket & {
      readonly columnType?: number
      readonly columnLength?: number
      readonly characterSet?: number
    }
    const flags = Number(field.flags ?? 0)
    const columnType = packet.columnType ?? field.type ?? VAR_STRING
    const type = readAs({
      columnType,
      columnLength: packet.columnLength ?? 0,
      decimals: field.decimals ?? 0,
      unsigned: (flags & UNSIGNED) !== 0,
      binary: packet.characterSet === BINARY,
    })
    const quoted = name(field.name)
    return {
      name: field.name,
      type,
      // The numbers of ENUM and SET give their order, and their text is what is compared.
      ordered: (flags & (ENUM | SET)) === 0 && !unordered.has(type),
      ...(columnType === BIT && { read: `(${quoted} + 0)` }),
      // The server writes six digits of a FLOAT, and all that a DOUBLE needs.
      ...(type === 'FLOAT' && { read: `(${quoted} + 0e0)` }),
      ...(type === 'BLOB' && { read: `HEX(${quoted})`, hex: true as const }),
    }
  })
}

export async function primaryKey({ client }: MysqlDb, table: string): Promise<readonly string[]> {
  const rows = await rowsOf(
    client,
    `SELECT column_name AS name FROM information_schema.statistics
     WHERE table_schema = ? AND table_name = ? AND index_name = 'PRIMARY' ORDER BY seq_in_index`,
    await qualified(client, table),
  )
  return rows.map((row) => String(row.name))
}

const unordered = new Set(['FLOAT', 'DOUBLE', 'JSON', 'BOOLEAN'])

const DUPLICATE_NAME = 1060
const VAR_STRING = 253
const BIT = 16
const BINARY = 63
const UNSIGNED = 32
const ENUM = 256
const SET = 2048
