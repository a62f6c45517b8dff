/** Real systems lent to a test: made for it, taken back when it ends. */
import { randomBytes } from 'node:crypto'
import { createConnection } from 'mysql2/promise'
import { migrate } from '../../models/migrate.js'

/** A fresh, empty database; its URL is given to `run`. */
export async function withDatabase<T>(run: (url: string) => Promise<T>): Promise<T> {
  const server = serverUrl()
  const name = `lent_${Date.now().toString(36)}_${randomBytes(4).toString('hex')}`
  await onServer(server, `CREATE DATABASE \`${name}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`)
  try {
    const url = new URL(server)
    url.pathname = `/${name}`
    return await run(url.toString())
  } finally {
    await onServer(server, `DROP DATABASE IF EXISTS \`${name}\``)
  }
}

/** A fresh catalogue database. */
export async function withMigratedDatabase<T>(run: (url: string) => Promise<T>): Promise<T> {
  return await withDatabase(async (url) => {
    await migrate(url)
    return await run(url)
  })
}

/** One statement, or several, on a connection of its own. */
export async function onServer(url: string, sql: string): Promise<unknown> {
  const connection = await createConnection({ uri: url, multipleStatements: true })
  try {
    const [rows] = await connection.query(sql)
    return rows
  } finally {
    await connection.end()
  }
}

function serverUrl(): string {
  const url = process.env.ETL_TEST_MYSQL_URL
  if (url) return url
  throw new Error(
    'ETL_TEST_MYSQL_URL is not set: this test needs a MySQL or MariaDB server that it may make databases on.',
  )
}
