/** Adding and retiring months of the partitioned tables. */
import { monthsFrom, PARTITIONED, type PartitionedTable, splitFuture } from './partitions.js'

/** Runs one statement; answers its rows. */
export type Query = (sql: string) => Promise<unknown>

/** Makes the partitions of this month and those that follow, where they are missing. Asked again: nothing. */
export async function addMonths(query: Query, at: Date, ahead?: number): Promise<readonly string[]> {
  const added: string[] = []
  for (const table of Object.keys(PARTITIONED) as PartitionedTable[]) {
    const newest = (await partitionsOf(query, table)).at(-1) ?? ''
    const missing = monthsFrom(at, ahead).filter((month) => month.partition > newest)
    if (missing.length === 0) continue
    await query(splitFuture(table, missing))
    added.push(...missing.map((month) => `${table}.${month.partition}`))
  }
  return added
}

/** Drops the months that ended before `before`; with `archive`, into `<table>_archive` first. */
export async function retireMonths(
  query: Query,
  table: PartitionedTable,
  before: Date,
  archive: boolean,
): Promise<readonly string[]> {
  const oldest = monthsFrom(before, 0)[0]?.partition ?? ''
  const old = (await partitionsOf(query, table)).filter((partition) => partition < oldest)
  for (const partition of old) {
    if (archive) await archiveMonth(query, table, partition)
    await query(`ALTER TABLE ${table} DROP PARTITION ${partition}`)
  }
  return old
}

/** Copied and not exchanged: the archive holds many months, and a copy that is repeated changes nothing. */
async function archiveMonth(query: Query, table: PartitionedTable, partition: string): Promise<void> {
  const archive = `${table}_archive`
  const there = (await query(`SHOW TABLES LIKE '${archive.replaceAll('_', '\\_')}'`)) as unknown[]
  if (there.length === 0) {
    await query(`CREATE TABLE IF NOT EXISTS ${archive} LIKE ${table}`)
    await query(`ALTER TABLE ${archive} REMOVE PARTITIONING`)
  }
  await query(`INSERT IGNORE INTO ${archive} SELECT * FROM ${table} PARTITION (${partition})`)
}

/** Names of its months, oldest first, without p_future. */
export async function partitionsOf(query: Query, table: PartitionedTable): Promise<readonly string[]> {
  const rows = (await query(
    `SELECT PARTITION_NAME AS partition_name FROM information_schema.PARTITIONS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '${table}' AND PARTITION_NAME IS NOT NULL
     ORDER BY PARTITION_ORDINAL_POSITION`,
  )) as { partition_name: string }[]
  return rows.map((row) => row.partition_name).filter((name) => name !== 'p_future')
}
