/** Rows of the catalogue as of one moment, as text: what the server writes is what it reads again, digit for digit. */
import { answeringConnections } from '../../answering.js'
import { connectionOptions, parseTarget } from '../../connection-url.js'
import { toDatabaseError } from '../../database-error.js'

export interface Snapshot {
  readonly migrations: readonly string[]
  columns(table: string): Promise<readonly string[]>
  query(sql: string): Promise<readonly (readonly (string | null)[])[]>
  rows(table: string, where?: string): AsyncIterable<readonly (string | null)[]>
}

export async function withSnapshot<T>(url: string, run: (snapshot: Snapshot) => Promise<T>): Promise<T> {
  const target = parseTarget(url)
  const raw = answeringConnections()({
    ...connectionOptions(target),
    database: target.database,
    // JSON would come as if it were latin1 from MySQL.
    typeCast: (field) => field.string('utf8'),
  })
  raw.on('error', () => undefined)
  const connection = raw.promise()
  const ask = async (sql: string) => {
    try {
      return (await connection.query({ sql, rowsAsArray: true }))[0] as unknown as string[][]
    } catch (error) {
      throw toDatabaseError(error)
    }
  }
  const columns = async (table: string) => {
    const found = await ask(`SELECT COLUMN_NAME, EXTRA FROM information_schema.COLUMNS
      WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '${table}' ORDER BY ORDINAL_POSITION`)
    return found.flatMap(([name = '', extra = '']) => (/\b(STORED|VIRTUAL|PERSISTENT)\b/i.test(extra) ? [] : [name]))
  }
  try {
    await ask("SET SESSION time_zone = '+00:00'")
    await ask('SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ')
    await ask('START TRANSACTION WITH CONSISTENT SNAPSHOT')
    const migrations = (await ask('SELECT migration_name FROM etl_schema_migration ORDER BY id')).map(
      ([name = '']) => name,
    )
    return await run({
      migrations,
      columns,
      query: ask,
      async *rows(table, where) {
        const list = (await columns(table)).map((name) => `\`${name}\``).join(', ')
        const sql = `SELECT ${list} FROM ${table}${where === undefined ? '' : ` WHERE ${where}`} ORDER BY id`
        try {
          for await (const row of raw.query({ sql, rowsAsArray: true }).stream({ highWaterMark: 100 }))
            yield row as (string | null)[]
        } catch (error) {
          throw toDatabaseError(error)
        }
      },
    })
  } finally {
    await connection.end().catch(() => undefined)
  }
}
