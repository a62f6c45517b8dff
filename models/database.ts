/** The catalogue database: a pool of connections, the tables, and transactions that are tried again when they met another. */
import mysql2, { type Connection } from 'mysql2'
import { QueryTypes, Sequelize, type Transaction } from 'sequelize'
import { isJobError, JobError } from '../core/errors/job-error.js'
import { answeringConnections } from './answering.js'
import { connectionOptions, parseTarget } from './connection-url.js'
import { isTransient, toDatabaseError } from './database-error.js'
import { MIGRATIONS } from './schema/migrations.js'
import { defineTables, type Tables } from './tables.js'

export interface Database {
  readonly tables: Tables
  /** READ COMMITTED; run again, from its start, after a deadlock or a lock wait that took too long. */
  transaction<T>(run: (transaction: Transaction) => Promise<T>): Promise<T>
  /** For what a model cannot say. Values are bound by name: `:jobId`. */
  query<T extends object>(
    sql: string,
    values?: Readonly<Record<string, unknown>>,
    transaction?: Transaction,
  ): Promise<T[]>
  /** INSERT, UPDATE, DELETE or DDL; answers how many rows changed. */
  execute(sql: string, values?: Readonly<Record<string, unknown>>, transaction?: Transaction): Promise<number>
  ping(): Promise<DatabaseState>
  close(): Promise<void>
}

export interface DatabaseState {
  readonly reachable: boolean
  /** `10.11.19-MariaDB` */
  readonly server: string | null
  readonly migrations: 'CURRENT' | 'MISSING' | 'NEWER' | 'UNKNOWN'
  readonly message: string | null
}

export interface OpenOptions {
  readonly maxConnections?: number
}

const TRIES = 6

/** Does not wait for the server: the first query says whether it is there. */
export async function openDatabase(url: string, options: OpenOptions = {}): Promise<Database> {
  const sequelize = connect(url, options)
  const tables = defineTables(sequelize)
  const query = async <T extends object>(sql: string, values: object = {}, transaction?: Transaction) =>
    (await sequelize.query(sql, {
      type: QueryTypes.SELECT,
      replacements: bound(values),
      ...(transaction === undefined ? {} : { transaction }),
    })) as T[]
  return {
    tables,
    query,
    transaction: (run) => tryAgain(() => inTransaction(sequelize, run)),
    execute: async (sql, values = {}, transaction) => {
      const [result] = await sequelize.query(sql, {
        replacements: bound(values),
        ...(transaction === undefined ? {} : { transaction }),
      })
      return affectedRows(result)
    },
    ping: () => ping(query),
    close: () => sequelize.close(),
  }
}

/** Sequelize would cut times to seconds. */
function bound(values: object): Record<string, unknown> {
  const asText = (value: unknown) =>
    value instanceof Date ? value.toISOString().replace('T', ' ').replace('Z', '') : value
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, asText(value)]))
}

function connect(url: string, options: OpenOptions): Sequelize {
  const target = parseTarget(url)
  const { host: _host, port: _port, user: _user, password: _password, ...dialectOptions } = connectionOptions(target)
  const sequelize = new Sequelize(target.database, target.user, target.password, {
    dialect: 'mysql',
    dialectModule: { ...mysql2, createConnection: answeringConnections() },
    dialectOptions: { ...dialectOptions, timezone: '+00:00' },
    host: target.host,
    port: target.port,
    timezone: '+00:00',
    logging: false,
    pool: { max: options.maxConnections ?? 10, min: 0, acquire: 10_000, idle: 30_000 },
  })
  sequelize.addHook('afterConnect', prepareSession as (connection: unknown) => Promise<void>)
  // Every statement of every model goes through here: the one place where a driver's error becomes one of ours.
  const query = sequelize.query.bind(sequelize) as (...args: unknown[]) => Promise<unknown>
  const oneByOne = inOrder()
  sequelize.query = (async (sql: unknown, options?: QueryScope) => {
    const run = async () => {
      try {
        return await query(sql, options)
      } catch (error) {
        throw toDatabaseError(error)
      }
    }
    if (!options?.transaction) return await tryAgain(run)
    // Within a transaction only the whole of it can be tried again. Its end waits for nothing: it is what a failure leads to.
    return options.completesTransaction ? await run() : await oneByOne(options.transaction, run)
  }) as typeof sequelize.query
  return sequelize
}

interface QueryScope {
  readonly transaction?: object
  /** COMMIT or ROLLBACK. */
  readonly completesTransaction?: boolean
}

/**
 * Statements of one transaction go to the server in the order in which they were given, each once the one before has its
 * answer. A deadlock ends a transaction, and the connection would take what comes after it as statements of their own, each
 * committed at once: so none is sent any more, and each fails as that one did.
 */
function inOrder() {
  const last = new WeakMap<object, Promise<unknown>>()
  return <T>(transaction: object, run: () => Promise<T>): Promise<T> => {
    const before = last.get(transaction) ?? Promise.resolve()
    const mine = before.then(run, (error: unknown) => {
      if (isTransient(error)) throw error
      return run()
    })
    last.set(transaction, mine)
    return mine
  }
}

/** Strict whatever the server's default is; no gap locks; a lock that is not had soon is asked for again. */
async function prepareSession(connection: Connection): Promise<void> {
  const session = connection.promise()
  await session.query(
    "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', innodb_lock_wait_timeout = 3",
  )
  await session.query('SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED')
}

async function inTransaction<T>(sequelize: Sequelize, run: (transaction: Transaction) => Promise<T>): Promise<T> {
  try {
    return await sequelize.transaction(run)
  } catch (error) {
    throw toDatabaseError(error)
  }
}

async function tryAgain<T>(run: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await run()
    } catch (error) {
      if (!isTransient(error)) throw error
      if (tried === TRIES) {
        throw new JobError('mysql.away', 'The catalogue database is too busy: others hold what is needed.', {
          cause: error,
        })
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 20 * 2 ** tried))
    }
  }
}

async function ping(query: <T extends object>(sql: string) => Promise<T[]>): Promise<DatabaseState> {
  let server: string | null = null
  try {
    server = (await query<{ server: string }>('SELECT VERSION() AS server'))[0]?.server ?? null
    const rows = await query<{ name: string }>('SELECT migration_name AS name FROM etl_schema_migration')
    const there = new Set(rows.map((row) => row.name))
    const known = new Set(MIGRATIONS.map((step) => step.name))
    const newer = [...there].some((name) => !known.has(name))
    const missing = [...known].some((name) => !there.has(name))
    return { reachable: true, server, migrations: newer ? 'NEWER' : missing ? 'MISSING' : 'CURRENT', message: null }
  } catch (error) {
    const away = isJobError(error) && error.code !== 'environment.invalid'
    const message = error instanceof Error ? error.message : String(error)
    return { reachable: !away, server, migrations: away ? 'UNKNOWN' : 'MISSING', message }
  }
}

function affectedRows(result: unknown): number {
  return typeof result === 'object' && result !== null && 'affectedRows' in result ? Number(result.affectedRows) : 0
}
