import type { JdbcConnection } from './config.js'
import type { Db, Dialect } from './dialect.js'

/** Opens a connection, which ends at once when the signal says so. */
export async function openDb(dialect: Dialect, access: JdbcConnection, signal: AbortSignal): Promise<Db> {
  const db = await dialect.open(access)
  const stop = () => db.destroy()
  const forget = () => signal.removeEventListener('abort', stop)
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  return {
    ...db,
    end: () => db.end().finally(forget),
    destroy: () => {
      forget()
      db.destroy()
    },
  }
}

/** Opens one for a piece of work, and closes it. */
export async function withDb<T>(
  dialect: Dialect,
  access: JdbcConnection,
  signal: AbortSignal,
  use: (db: Db) => Promise<T>,
): Promise<T> {
  const db = await openDb(dialect, access, signal)
  try {
    return await use(db)
  } catch (error) {
    throw dialect.fault(error, dialect.placeOf(access))
  } finally {
    await db.end().catch(() => db.destroy())
  }
}
