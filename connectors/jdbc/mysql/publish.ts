/** REPLACE: `RENAME TABLE` changes names in one step, which DDL of MySQL cannot do within a transaction. */
import type { Dialect, Shadow } from '../dialect.js'
import { isFinished, setFinished } from '../progress.js'
import type { MysqlDb } from './db.js'
import { rowsOf } from './sql.js'

/** The shadow takes the target's name. The old table stays until that is marked: it is the witness. */
export async function publishByRename(dialect: Dialect, db: MysqlDb, { keys, target, table }: Shadow): Promise<void> {
  const old = oldTable(table)
  const swapped = (await exists(db, old)) || (await isFinished(dialect, db, keys[0]!))
  if (!swapped && (await exists(db, table))) {
    await db.execute(`RENAME TABLE ${target} TO ${old}, ${table} TO ${target}`)
  }
  for (const key of keys) await setFinished(db, key)
  await db.execute(`DROP TABLE IF EXISTS ${old}, ${table}`)
}

/** Unless it was swapped in and that is not marked yet: an empty one must never be swapped in. */
export async function makeShadow(_dialect: Dialect, db: MysqlDb, { target, table }: Shadow): Promise<void> {
  if (await exists(db, oldTable(table))) return
  await db.execute(`CREATE TABLE IF NOT EXISTS ${table} LIKE ${target}`)
}

/** `db`.`t__etl_hash` gives `db`.`t__etl_hash_old`. */
const oldTable = (shadow: string) => `${shadow.slice(0, -1)}_old\``

async function exists({ client }: MysqlDb, quoted: string): Promise<boolean> {
  const names = quoted
    .slice(1, -1)
    .split('`.`')
    .map((part) => part.replaceAll('``', '`'))
  const found = 'SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?'
  return (await rowsOf(client, found, names)).length === 1
}
