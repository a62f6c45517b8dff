import { type Connection, type ConnectionOptions, createConnection } from 'mysql2/promise'
import { JobError } from '../../../core/errors/job-error.js'
import type { JdbcConnection } from '../config.js'
import { mysqlFault } from './fault.js'

/** One of ours: text in UTF-8, times in UTC, and nothing cut or rounded in silence. */
export async function openConnection(config: JdbcConnection): Promise<Connection> {
  const options = optionsOf(config)
  try {
    const connection = await createConnection(options)
    // A connection that dies while nobody is waiting must not end the process; the next query says so.
    connection.on('error', () => {})
    await connection.query(
      `SET time_zone = '+00:00', sql_mode = '${strict}', SESSION innodb_lock_wait_timeout = 50, SESSION group_concat_max_len = 1048576, SESSION max_error_count = 65535`,
    )
    return connection
  } catch (error) {
    throw mysqlFault(error, `${options.host}:${options.port}`)
  }
}

const strict =
  'STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO'

function optionsOf(config: JdbcConnection): ConnectionOptions & { host: string; port: number } {
  const url = parseUrl(config.url)
  const { ssl } = config
  const user = config.user ?? decodeURIComponent(url.username)
  const password = config.password ?? decodeURIComponent(url.password)
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 3306 : Number(url.port),
    ...(user === '' ? {} : { user }),
    ...(password === '' ? {} : { password }),
    ...(url.pathname.length > 1 ? { database: decodeURIComponent(url.pathname.slice(1)) } : {}),
    ...(ssl === undefined || ssl === false ? {} : { ssl: ssl === true ? {} : withoutUndefined(ssl) }),
    charset: 'utf8mb4',
    supportBigNumbers: true,
    bigNumberStrings: true,
    dateStrings: true,
    connectTimeout: 10_000,
    flags: ['+LOCAL_FILES'],
    // No file but the one that a statement of ours names is ever sent.
    infileStreamFactory: () => {
      throw new Error('the server asked for a file')
    },
  }
}

function parseUrl(text: string): URL {
  try {
    return new URL(text.replace(/^jdbc:/i, ''))
  } catch {
    // The text may hold a password: it is not repeated.
    throw new JobError('config.invalid', 'The database URL is not well formed.', { pointer: '/connection/url' })
  }
}

export function hostOf(config: JdbcConnection): string {
  const { host, port } = optionsOf(config)
  return `${host}:${port}`
}

const withoutUndefined = (ssl: { ca?: string | undefined; rejectUnauthorized: boolean }) => ({
  rejectUnauthorized: ssl.rejectUnauthorized,
  ...(ssl.ca === undefined ? {} : { ca: ssl.ca }),
})
