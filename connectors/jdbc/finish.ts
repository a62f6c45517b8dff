import { inParentheses } from './check-condition.js'
import type { Db, Dialect, Shadow } from './dialect.js'
import { isFinished, setFinished } from './progress.js'

/**
 * Delete and insert in one transaction with its own mark, so that it is done once; readers see the table before it or
 * after it. `where` null: everything.
 */
export async function publishByCopy(dialect: Dialect, db: Db, shadow: Shadow, where: string | null): Promise<void> {
  const { keys, target, name, table } = shadow
  const found = await dialect.writing.readTarget(db, name)
  if (found !== null) {
    const columns = found.columns
      .filter((column) => !column.generated)
      .map((column) => dialect.name(column.name))
      .join(', ')
    await db.execute(dialect.begin)
    if (!(await isFinished(dialect, db, keys[0]!))) {
      await db.execute(`DELETE FROM ${target}${where === null ? '' : ` WHERE ${inParentheses(where)}`}`)
      await db.execute(`INSERT INTO ${target} (${columns}) SELECT ${columns} FROM ${table}`)
      for (const key of keys) await setFinished(db, key)
    }
    await db.execute('COMMIT')
  }
  await db.execute(`DROP TABLE IF EXISTS ${table}`)
}
