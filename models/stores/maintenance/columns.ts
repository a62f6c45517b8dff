/** Columns of a table as it is now: archives and backups go by these and not by what a version of ours believes. */
import type { HouseConnection } from './house-connection.js'

export interface ColumnFacts {
  readonly name: string
  /** `bigint(20) unsigned` */
  readonly type: string
  /** The value follows from others: it is not written. */
  readonly isGenerated: boolean
}

export async function columnsOf(house: HouseConnection, table: string): Promise<readonly ColumnFacts[]> {
  const rows = await house.query<{ name: string; type: string; extra: string }>(
    `SELECT COLUMN_NAME AS name, COLUMN_TYPE AS type, EXTRA AS extra FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = :table ORDER BY ORDINAL_POSITION`,
    { table },
  )
  return rows.map(({ name, type, extra }) => ({
    name,
    type,
    isGenerated: /\b(STORED|VIRTUAL|PERSISTENT)\b/i.test(extra),
  }))
}

export const names = (columns: readonly ColumnFacts[]): string => columns.map(({ name }) => `\`${name}\``).join(', ')
