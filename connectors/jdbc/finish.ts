import type { Connection } from 'mysql2/promise'
import type { SinkKey } from '../spi.js'
import { inParentheses } from './check-condition.js'
import type { JdbcSinkConfig } from './config.js'
import { execute, name, rowsOf } from './mysql-sql.js'
import { isFinished, setFinished } from './progress.js'
import { quotedTable, readTarget, shadowTable } from './target.js'

/** The shadow takes the target's name in one step. The old table stays until that is marked: it is the witness. */
export async function finishReplace(
  connection: Connection,
  config: JdbcSinkConfig,
  keys: readonly SinkKey[],
): Promise<void> {
  const shadow = await shadowTable(connection, config.table, keys[0]!)
  const old = oldTable(shadow)
  const swapped = (await exists(connection, old)) || (await isFinished(connection, keys[0]!))
  if (!swapped && (await exists(connection, shadow))) {
    const target = await quotedTable(connection, config.table)
    await execute(connection, `RENAME TABLE ${target} TO ${old}, ${shadow} TO ${target}`)
  }
  for (const key of keys) await setFinished(connection, key)
  await execute(connection, `DROP TABLE IF EXISTS ${old}, ${shadow}`)
}

/** Makes the shadow, unless this lineage has published already: an empty one must never be swapped in. */
export async function makeShadow(connection: Connection, config: JdbcSinkConfig, key: SinkKey): Promise<void> {
  const shadow = await shadowTable(connection, config.table, key)
  if ((await exists(connection, oldTable(shadow))) || (await isFinished(connection, key))) return
  await execute(connection, `CREATE TABLE IF NOT EXISTS ${shadow} LIKE ${await quotedTable(connection, config.table)}`)
}

/** Delete and insert in one transaction with its own mark, so that it is done once. */
export async function finishReplaceWhere(
  connection: Connection,
  config: JdbcSinkConfig,
  keys: readonly SinkKey[],
  where: string,
): Promise<void> {
  const shadow = await shadowTable(connection, config.table, keys[0]!)
  const target = await quotedTable(connection, config.table)
  if (await exists(connection, shadow)) {
    const columns = ((await readTarget(connection, config.table))?.columns ?? [])
      .filter((column) => !column.generated)
      .map((column) => name(column.name))
      .join(', ')
    await execute(connection, 'START TRANSACTION')
    if (!(await isFinished(connection, keys[0]!))) {
      await execute(connection, `DELETE FROM ${target} WHERE ${inParentheses(where)}`)
      await execute(connection, `INSERT INTO ${target} (${columns}) SELECT ${columns} FROM ${shadow}`)
      for (const key of keys) await setFinished(connection, key)
    }
    await execute(connection, 'COMMIT')
  }
  await execute(connection, `DROP TABLE IF EXISTS ${shadow}`)
}

/** `db`.`t__etl_hash` gives `db`.`t__etl_hash_old`. */
const oldTable = (shadow: string) => `${shadow.slice(0, -1)}_old\``

async function exists(connection: Connection, quoted: string): Promise<boolean> {
  const [database, table] = quoted
    .slice(1, -1)
    .split('`.`')
    .map((part) => part.replaceAll('``', '`'))
  const rows = await rowsOf(
    connection,
    'SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = ?',
    [database, table],
  )
  return rows.length === 1
}
