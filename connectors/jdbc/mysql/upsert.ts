import { sameName } from '../../../core/record/schema.js'
import { keyOf } from '../config.js'
import type { Destination, Writer } from '../dialect.js'
import type { MysqlDb } from './db.js'
import { name, rowsOf } from './sql.js'

/** Without keys of its own, so that it takes every record; `CREATE TEMPORARY` does not end a transaction. */
export function createStaging(into: Destination, staging: string): string {
  const columns = into.columns.map((column) => name(column.name)).join(', ')
  return `CREATE TEMPORARY TABLE ${staging} ENGINE = InnoDB AS SELECT ${columns}, CAST(0 AS SIGNED) AS etl_order FROM ${into.table} LIMIT 0`
}

/**
 * In source order, so that the last record of a key wins. `ON DUPLICATE KEY UPDATE` would take a row that is met by any
 * unique index for the row of the key: where that may happen, rows are found by the key alone, and the server refuses
 * what another index does not allow.
 */
export async function upsertStaged(
  { db, into, config }: Writer<MysqlDb>,
  staging: string,
  others: boolean,
): Promise<void> {
  const columns = into.columns.map((column) => name(column.into.name))
  const key = columns.filter((column) => keyOf(config).some((one) => sameName(name(one), column)))
  const values = columns.filter((column) => !key.includes(column))
  if (!others) {
    const updated = values.length > 0 ? values : columns.slice(0, 1)
    const assigned = updated.map((column) => `${column} = VALUES(${column})`).join(', ')
    await db.execute(
      `INSERT INTO ${into.table} (${columns.join(', ')}) SELECT ${columns.join(', ')} FROM ${staging} ORDER BY etl_order
       ON DUPLICATE KEY UPDATE ${assigned}`,
    )
    return
  }
  const noKey = key.map((column) => `${column} IS NULL`).join(' OR ')
  const last = `(SELECT * FROM (SELECT *, ROW_NUMBER() OVER (PARTITION BY ${key.join(', ')} ORDER BY etl_order DESC) AS etl_rank
    FROM ${staging}) AS ranked WHERE etl_rank = 1 OR ${noKey}) AS staged`
  const same = key.map((column) => `target.${column} = staged.${column}`).join(' AND ')
  const assigned = values.map((column) => `target.${column} = staged.${column}`).join(', ')
  if (values.length > 0)
    await db.execute(`UPDATE ${last} STRAIGHT_JOIN ${into.table} AS target ON ${same} SET ${assigned}`)
  await db.execute(
    `INSERT INTO ${into.table} (${columns.join(', ')}) SELECT ${columns.map((column) => `staged.${column}`).join(', ')}
     FROM ${last} LEFT JOIN ${into.table} AS target ON ${same} WHERE target.${key[0]} IS NULL ORDER BY etl_order`,
  )
}

/** Is there a unique index by which a record may meet a row of another key? */
export async function hasOtherKeys({ db, into, config }: Writer<MysqlDb>): Promise<boolean> {
  const parts = await rowsOf(db.client, `SHOW INDEX FROM ${into.table} WHERE Non_unique = 0`)
  const numbered = await rowsOf(db.client, `SHOW COLUMNS FROM ${into.table} WHERE Extra LIKE '%auto_increment%'`)
  const given = (column: unknown) => into.columns.some((one) => sameName(one.name, String(column)))
  const made = numbered.map((row) => String(row.Field)).filter((column) => !given(column))
  return [...new Set(parts.map((part) => part.Key_name))].some((index) => {
    const of = parts.filter((part) => part.Key_name === index)
    const holds = (column: string) =>
      of.some((part) => part.Sub_part === null && sameName(String(part.Column_name), column))
    // With all of the key in it, it names the row of the key; and numbers that the server gives are new.
    return !keyOf(config).every(holds) && !made.some(holds)
  })
}
