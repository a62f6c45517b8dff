/** Brings a catalogue database to this version's schema: repeatable, and safe when two do it at once. */
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { MigrationError, Umzug, type UmzugStorage } from 'umzug'
import { JobError } from '../core/errors/job-error.js'
import { connectionOptions, parseTarget, type Target } from './connection-url.js'
import { driverCode, toDatabaseError } from './database-error.js'
import { LEDGER, ledgerEntry, MIGRATIONS } from './schema/migrations.js'
import { addMonths } from './schema/partition-upkeep.js'

export interface MigrateOptions {
  readonly log?: (line: string) => void
  /** Decides which monthly partitions there are. */
  readonly at?: Date
}

const LOCK_SECONDS = 120

export async function migrate(
  url: string,
  options: MigrateOptions = {},
): Promise<{ readonly applied: readonly string[] }> {
  const log = options.log ?? (() => undefined)
  const at = options.at ?? new Date()
  const target = parseTarget(url)
  try {
    const connection = await connectOrCreate(target, log)
    try {
      return await underLock(connection, target, async () => {
        await connection.query("SET time_zone = '+00:00'")
        await connection.query(LEDGER)
        await refuseNewer(connection)
        const applied = await runSteps(connection, at, log)
        await addMonths(async (sql) => (await connection.query(sql))[0], at)
        return { applied }
      })
    } finally {
      await connection.end().catch(() => undefined)
    }
  } catch (error) {
    throw toDatabaseError(error)
  }
}

async function connectOrCreate(target: Target, log: (line: string) => void): Promise<Connection> {
  try {
    return await createConnection({ ...connectionOptions(target), database: target.database })
  } catch (error) {
    if (driverCode(error) !== 'ER_BAD_DB_ERROR') throw error
  }
  const connection = await createConnection(connectionOptions(target))
  const name = connection.escapeId(target.database)
  await connection.query(
    `CREATE DATABASE IF NOT EXISTS ${name} DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci`,
  )
  await connection.query(`USE ${name}`)
  log(`created database ${target.database}`)
  return connection
}

/** DDL commits by itself, so no transaction keeps two migrations apart: a lock does. It goes with its connection. */
async function underLock<T>(connection: Connection, target: Target, run: () => Promise<T>): Promise<T> {
  const name = `etl_migrate:${target.database}`.slice(0, 64)
  const [rows] = await connection.query<RowDataPacket[]>('SELECT GET_LOCK(?, ?) AS taken', [name, LOCK_SECONDS])
  if (Number(rows[0]?.taken) !== 1) {
    throw new JobError('conflict', `Another migration of this database did not end within ${LOCK_SECONDS} seconds.`)
  }
  try {
    return await run()
  } finally {
    await connection.query('SELECT RELEASE_LOCK(?)', [name]).catch(() => undefined)
  }
}

async function refuseNewer(connection: Connection): Promise<void> {
  const known = new Set(MIGRATIONS.map((step) => step.name))
  const newer = (await executedSteps(connection)).filter((name) => !known.has(name))
  if (newer.length > 0) {
    throw new JobError(
      'schema.newer',
      `The catalogue database has steps that this version does not know: ${newer.join(', ')}.`,
      {
        hint: 'Use the newer version of this software, or restore a backup from before it.',
      },
    )
  }
}

async function runSteps(connection: Connection, at: Date, log: (line: string) => void): Promise<readonly string[]> {
  const umzug = new Umzug({
    migrations: MIGRATIONS.map((step) => ({
      name: step.name,
      up: async () => {
        for (const statement of step.statements(at)) await connection.query(statement)
        log(`migrated ${step.name}`)
      },
    })),
    context: connection,
    storage: ledger(connection),
    logger: undefined,
  })
  try {
    return (await umzug.up()).map((step) => step.name)
  } catch (error) {
    // Umzug wraps it in an error whose message holds the statement.
    if (error instanceof MigrationError) throw error.jse_cause ?? error
    throw error
  }
}

function ledger(connection: Connection): UmzugStorage {
  return {
    logMigration: async ({ name }) => {
      await connection.query(ledgerEntry(name))
    },
    unlogMigration: async () => {
      throw new Error('A step of the schema is not undone.')
    },
    executed: () => executedSteps(connection),
  }
}

async function executedSteps(connection: Connection): Promise<string[]> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT migration_name FROM etl_schema_migration ORDER BY id')
  return rows.map((row) => String(row.migration_name))
}
