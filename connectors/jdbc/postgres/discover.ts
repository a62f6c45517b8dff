import type { Discovered } from '../../spi.js'
import { asWritten } from '../standard-sql.js'
import type { PostgresDb } from './db.js'
import { describe } from './describe.js'

/** Tables and views of the database; those of the search path without their schema. */
export async function discover(db: PostgresDb): Promise<readonly Discovered[]> {
  const rows = await db.rows(
    `SELECT CASE WHEN pg_table_is_visible(c.oid) THEN c.relname ELSE n.nspname || '.' || c.relname END AS name, c.relkind AS kind
     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition AND c.relname <> 'etl_sink_progress'
       AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1`,
  )
  const found: Discovered[] = []
  for (const row of rows) {
    const name = String(row.name)
    const columns = await describe(db, asWritten(name)).catch(() => null)
    found.push({
      name,
      kind: row.kind === 'v' || row.kind === 'm' ? 'VIEW' : 'TABLE',
      columns: columns?.map((column) => ({ name: column.name, type: column.type })) ?? null,
    })
  }
  return found
}
