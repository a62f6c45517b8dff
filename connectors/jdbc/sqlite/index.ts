import type { Discovered } from '../../spi.js'
import type { Dialect } from '../dialect.js'
import { name } from '../standard-sql.js'
import { openDb, placeOf, type SqliteDb } from './db.js'
import { isConnectionLoss, isLockTrouble, sqliteFault } from './fault.js'
import { describe, reading } from './reading.js'
import { writing } from './writing.js'

export const sqlite: Dialect<SqliteDb> = {
  open: openDb,
  placeOf,
  greeting: `SELECT 'SQLite ' || sqlite_version() AS version, 'the user of this process' AS user`,
  fault: sqliteFault,
  isLost: isConnectionLoss,
  isLocked: isLockTrouble,
  // At once, so that it never finds out half-way that somebody else writes.
  begin: 'BEGIN IMMEDIATE',
  name,
  discover,
  reading,
  writing,
}

async function discover(db: SqliteDb): Promise<readonly Discovered[]> {
  const rows = await db.rows(
    `SELECT name, type FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name <> 'etl_sink_progress' ORDER BY name`,
  )
  return rows.map((row) => {
    const found = { name: String(row.name), kind: row.type === 'view' ? ('VIEW' as const) : ('TABLE' as const) }
    try {
      return {
        ...found,
        columns: describe(db, name(found.name)).map((column) => ({ name: column.name, type: column.type })),
      }
    } catch {
      // A view whose tables are gone.
      return { ...found, columns: null }
    }
  })
}
