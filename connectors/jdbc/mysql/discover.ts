import type { Discovered } from '../../spi.js'
import type { MysqlDb } from './db.js'
import { describe } from './describe.js'
import { name, rowsOf } from './sql.js'

/** Tables and views of the connection's database. */
export async function discover(db: MysqlDb): Promise<readonly Discovered[]> {
  const rows = await rowsOf(
    db.client,
    `SELECT table_name AS name, table_type AS kind FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_name <> 'etl_sink_progress' ORDER BY table_name`,
  )
  const found: Discovered[] = []
  for (const row of rows) {
    const kind = String(row.kind).endsWith('VIEW') ? 'VIEW' : 'TABLE'
    // A view whose tables are gone does not say what it holds.
    const columns = await describe(db, name(String(row.name))).catch(() => null)
    found.push({ name: String(row.name), kind, columns: columns?.map(({ name, type }) => ({ name, type })) ?? null })
  }
  return found
}
