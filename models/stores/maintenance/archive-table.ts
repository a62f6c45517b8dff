/** Old rows are kept in `<table>_archive`: a copy that is repeated changes nothing, because ids are the same. */
import { columnsOf, names } from './columns.js'
import type { HouseConnection } from './house-connection.js'

export const archiveOf = (table: string): string => `${table}_archive`

/** Makes the archive, or gives it the columns that its table has got since. */
export async function prepareArchive(house: HouseConnection, table: string): Promise<void> {
  const archive = archiveOf(table)
  const known = await columnsOf(house, archive)
  if (known.length === 0) {
    await house.execute(`CREATE TABLE IF NOT EXISTS ${archive} LIKE ${table}`)
    const parts = await house.query(
      `SELECT 1 AS one FROM information_schema.PARTITIONS
        WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = :archive AND PARTITION_NAME IS NOT NULL LIMIT 1`,
      { archive },
    )
    if (parts.length > 0) await house.execute(`ALTER TABLE ${archive} REMOVE PARTITIONING`)
    return
  }
  const missing = (await columnsOf(house, table)).filter(
    ({ name, isGenerated }) => !isGenerated && !known.some((column) => column.name === name),
  )
  for (const { name, type } of missing)
    await house.execute(`ALTER TABLE ${archive} ADD COLUMN \`${name}\` ${type} NULL`)
}

/** Copies what `where` selects, which may name a partition before it: `PARTITION (p202601) WHERE …`. */
export async function copyToArchive(
  house: HouseConnection,
  table: string,
  where: string,
  values: Readonly<Record<string, unknown>> = {},
): Promise<number> {
  const columns = names((await columnsOf(house, table)).filter(({ isGenerated }) => !isGenerated))
  return await house.execute(
    `INSERT IGNORE INTO ${archiveOf(table)} (${columns}) SELECT ${columns} FROM ${table} ${where}`,
    values,
  )
}
