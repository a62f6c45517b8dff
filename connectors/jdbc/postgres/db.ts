import type { Socket } from 'node:net'
import { Client, type ClientConfig } from 'pg'
import { JobError } from '../../../core/errors/job-error.js'
import type { JdbcConnection } from '../config.js'
import type { Db, Row } from '../dialect.js'
import { postgresFault } from './fault.js'

export interface PostgresDb extends Db {
  readonly client: Client
}

/** One of ours: times in UTC, and every value as the server writes it. */
export async function openDb(access: JdbcConnection): Promise<PostgresDb> {
  const client = new Client(optionsOf(access))
  // A connection that dies while nobody is waiting must not end the process; the next query says so.
  client.on('error', () => {})
  const destroy = () => streamOf(client).destroy()
  try {
    await client.connect()
    await client.query(settings)
  } catch (error) {
    destroy()
    throw postgresFault(error, placeOf(access))
  }
  const ask = (sql: string, values: readonly unknown[] = []) => client.query(numbered(sql, values), [...values])
  return {
    client,
    rows: async (sql, values) => (await ask(sql, values)).rows as Row[],
    execute: async (sql, values) => (await ask(sql, values)).rowCount ?? 0,
    sent: () => streamOf(client).bytesWritten,
    end: () => client.end(),
    destroy,
  }
}

export function placeOf(access: JdbcConnection): string {
  const { host, port } = optionsOf(access)
  return `${host}:${port}`
}

const settings = `SET TimeZone = 'UTC'; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 3;
  SET bytea_output = 'hex'; SET standard_conforming_strings = on; SET default_transaction_isolation = 'read committed'`

/** `?` becomes `$1`, `$2`, …; a statement without values is left as it is. */
function numbered(sql: string, values: readonly unknown[]): string {
  if (values.length === 0) return sql
  let number = 0
  return sql.replaceAll('?', () => `$${++number}`)
}

function optionsOf({ url: text, ssl, ...given }: JdbcConnection): ClientConfig & { host: string; port: number } {
  const url = parseUrl(text)
  const user = given.user ?? decodeURIComponent(url.username)
  const password = given.password ?? decodeURIComponent(url.password)
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? 5432 : Number(url.port),
    database: decodeURIComponent(url.pathname.slice(1)) || user,
    // The driver would look into the environment of the worker.
    user: user === '' ? 'postgres' : user,
    password,
    ssl: ssl === undefined || typeof ssl === 'boolean' ? (ssl ?? false) : { ...ssl },
    application_name: 'etl',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types: { getTypeParser: () => (value: unknown) => value },
  } as ClientConfig & { host: string; port: number }
}

function parseUrl(text: string): URL {
  // The text may hold a password: it is not repeated.
  const refused = (message: string) => new JobError('config.invalid', message, { pointer: '/connection/url' })
  const bare = text.replace(/^jdbc:/i, '')
  if (!URL.canParse(bare)) throw refused('The database URL is not well formed.')
  const url = new URL(bare)
  if (url.search !== '')
    throw refused('Parameters of a PostgreSQL URL are not read: say `user`, `password`, `ssl` beside it.')
  return url
}

function streamOf(client: Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream
}
