import { access } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type Database from 'libsql'
import { JobError } from '../../../core/errors/job-error.js'
import { absolutePath } from '../../file/paths.js'
import type { JdbcConnection } from '../config.js'
import type { Db, Row } from '../dialect.js'
import { text } from '../standard-sql.js'
import { isLockTrouble, sqliteFault } from './fault.js'

/** The driver works in this process: what takes long is done piece by piece. */
export interface SqliteDb extends Db {
  readonly client: Database.Database
  isOpen(): boolean
}

/** So long a statement waits for another writer; so long a transaction waits for its beginning. */
const usualMs = 1_000
const beginMs = 30_000

export async function openDb(config: JdbcConnection): Promise<SqliteDb> {
  const path = await absolutePath(pathOf(config), config.places ?? { fileRoots: [], base: '/' })
  let client: Database.Database
  try {
    // The driver would make a file that is not there.
    await access(path)
    client = new (await driver())(path)
    client.defaultSafeIntegers(true)
    client.pragma('foreign_keys = ON')
  } catch (error) {
    throw sqliteFault(error, placeOf(config))
  }
  let open = true
  // Only an open one may be asked whether it is in a transaction: the driver would end the process.
  const close = () => {
    if (!open) return
    open = false
    if (client.inTransaction) client.exec('ROLLBACK')
    client.close()
  }
  return {
    client,
    isOpen: () => open,
    rows: (sql, values = []) => patiently(sql, () => client.prepare(sql).all(...values) as Row[]),
    // Not as a prepared statement: one that finds the file locked keeps a lock of its own until it is collected.
    execute: (sql, values = []) =>
      patiently(sql, () => {
        client.exec(filledIn(sql, values))
        return Number((client.prepare('SELECT changes() AS many').get() as { many: bigint }).many)
      }),
    end: async () => close(),
    destroy: close,
  }
}

/** Native, and made for the usual systems: who does not read SQLite does without. */
async function driver(): Promise<typeof Database> {
  const loaded = await import('libsql').catch((error: unknown) => {
    const hint = 'The package libsql has a part for each system; install the packages anew on this one.'
    throw new JobError('config.invalid', 'SQLite cannot be read on this system.', { cause: error, hint })
  })
  return loaded.default
}

export const placeOf = (access: JdbcConnection): string => pathOf(access)

/** Without blocking those who share this process. */
async function patiently<T>(sql: string, run: () => T): Promise<T> {
  const until = Date.now() + (sql.startsWith('BEGIN') ? beginMs : usualMs)
  for (;;) {
    try {
      return run()
    } catch (error) {
      if (!isLockTrouble(error) || Date.now() >= until) throw error
      await sleep(20)
    }
  }
}

/** With its values in place of `?`. */
function filledIn(sql: string, values: readonly unknown[]): string {
  let next = 0
  const written = (value: unknown) =>
    value === null ? 'NULL' : typeof value === 'number' ? String(value) : text(String(value))
  return values.length === 0 ? sql : sql.replaceAll('?', () => written(values[next++]))
}

function pathOf({ url }: JdbcConnection): string {
  const path = decodeURIComponent(url.replace(/^jdbc:/i, '').slice('sqlite://'.length))
  if (path !== '') return path
  throw new JobError('config.invalid', 'Expected a URL like sqlite:///folder/file.db.', { pointer: '/connection/url' })
}
