import type { Connection } from 'mysql2/promise'
import { rowsOf } from './sql.js'

/** What surrounds the values of a statement: its beginning, quotes and commas. */
const around = 64 * 1024

const limits = new WeakMap<Connection, Promise<number>>()

/** Would a statement with these values be larger than the server takes? It would end the connection, and say nothing. */
export async function isTooLarge(connection: Connection, values: readonly unknown[]): Promise<boolean> {
  const known = limits.get(connection) ?? askLimit(connection)
  limits.set(connection, known)
  const most = (await known) - around
  let bytes = 0
  for (const value of values) {
    bytes += 8 + (typeof value === 'string' ? escapedBytes(value) : 0)
    if (bytes > most) return true
  }
  return false
}

async function askLimit(connection: Connection): Promise<number> {
  const [row] = await rowsOf(connection, 'SELECT @@max_allowed_packet AS most')
  return Number(row?.most ?? 1024 * 1024)
}

/** As the driver writes a text: some characters take two bytes. */
function escapedBytes(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is escaped
  return Buffer.byteLength(text) + (text.match(/[\0\b\t\n\r\u001a"'\\]/g)?.length ?? 0)
}
