/** REPLACE: `RENAME TABLE` changes names in one step, which DDL of MySQL cannot do within a transaction. */
import { JobError } from '../../../core/errors/job-error.js'
import type { Dialect, Shadow } from '../dialect.js'
import { isFinished, setFinished } from '../progress.js'
import type { MysqlDb } from './db.js'
import { qualified, rowsOf } from './sql.js'

/** The shadow takes the target's name. The old table stays until that is marked: it is the witness. */
export async function publishByRename(
  dialect: Dialect,
  db: MysqlDb,
  { config, keys, target, table }: Shadow,
): Promise<void> {
  const old = oldTable(table)
  const swapped = (await exists(db, old)) || (await isFinished(dialect, db, keys[0]!))
  if (!swapped && (await exists(db, table))) {
    await checkReplace(db, config.table)
    await db.execute(`RENAME TABLE ${target} TO ${old}, ${table} TO ${target}`)
  }
  for (const key of keys) await setFinished(db, key)
  await db.execute(`DROP TABLE IF EXISTS ${old}, ${table}`)
}

/** Foreign keys follow the old table to its new name, and triggers go with it: who has any keeps the table. */
export async function checkReplace({ client }: MysqlDb, table: string): Promise<void> {
  const [database, plain] = await qualified(client, table)
  const rows = await rowsOf(
    client,
    `SELECT CONCAT('the foreign key ', k.constraint_name, ' of ', k.table_name) AS tie, k.table_name AS child, r.delete_rule AS rule
       FROM information_schema.key_column_usage k JOIN information_schema.referential_constraints r
         ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name AND r.table_name = k.table_name
       WHERE k.referenced_table_schema = ? AND k.referenced_table_name = ?
     UNION SELECT CONCAT('its foreign key ', constraint_name), NULL, NULL FROM information_schema.key_column_usage
       WHERE table_schema = ? AND table_name = ? AND referenced_table_name IS NOT NULL
     UNION SELECT CONCAT('its trigger ', trigger_name), NULL, NULL FROM information_schema.triggers
       WHERE event_object_schema = ? AND event_object_table = ?`,
    [database, plain, database, plain, database, plain],
  )
  if (rows.length === 0) return
  const ties = rows.map((row) => String(row.tie)).join(', ')
  throw new JobError('sink.unsupported', `REPLACE gives the name ${table} to a new table, which would lose ${ties}.`, {
    pointer: '/mode',
    hint: `Say \`mode: APPEND\` with \`replaceWhere: 1 = 1\`: it deletes and inserts in one transaction, in the table that is there.${afterDeletes(rows)}`,
  })
}

/** What becomes of rows that refer to those that are deleted: it happens at once, and inserting the same keys again undoes none of it. */
function afterDeletes(ties: readonly Readonly<Record<string, unknown>>[]): string {
  const childrenBy = (rule: RegExp) => [
    ...new Set(ties.filter((tie) => rule.test(String(tie.rule ?? ''))).map(({ child }) => String(child))),
  ]
  const said = (children: readonly string[], what: string) =>
    children.length === 0 ? '' : ` Beware: ${what} ${children.join(', ')}.`
  return [
    said(childrenBy(/^CASCADE$/), 'what is deleted takes along, by ON DELETE CASCADE, all rows that refer to it in'),
    said(childrenBy(/^SET/), 'what is deleted empties, by ON DELETE SET NULL, the references to it in'),
    said(childrenBy(/^(RESTRICT|NO ACTION)$/), 'MySQL refuses to delete what rows still refer to in'),
  ].join('')
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
