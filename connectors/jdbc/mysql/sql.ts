import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'

/** `a``b`: an identifier that can hold anything. */
export function name(identifier: string): string {
  return `\`${identifier.replaceAll('`', '``')}\``
}

/** [database, table]; the database is that of the connection if none is given. */
export async function qualified(connection: Connection, table: string): Promise<readonly [string, string]> {
  const [first, second] = partsOf(table)
  if (second !== undefined) return [first!, second]
  const [current] = await rowsOf(connection, 'SELECT DATABASE() AS name')
  return [String(current?.name ?? ''), first!]
}

export async function rowsOf(
  connection: Connection,
  sql: string,
  values: readonly unknown[] = [],
): Promise<RowDataPacket[]> {
  const [rows] = await connection.query<RowDataPacket[]>(sql, [...values])
  return rows
}

export async function execute(
  connection: Connection,
  sql: string,
  values: readonly unknown[] = [],
): Promise<ResultSetHeader> {
  const [result] = await connection.query<ResultSetHeader>(sql, [...values])
  return result
}

function partsOf(table: string): string[] {
  const dot = table.indexOf('.')
  return dot === -1 ? [table] : [table.slice(0, dot), table.slice(dot + 1)]
}
