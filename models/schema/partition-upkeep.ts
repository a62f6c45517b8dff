/** Adding months of the partitioned tables, and finding those that are over. */
import { monthsFrom, PARTITIONED, type PartitionedTable, splitFuture } from './partitions.js'

/** Runs one statement; answers its rows. */
export type Query = (sql: string) => Promise<unknown>

/**
 * The months that are missing, from the one after the newest up to this one and those that follow: rows of months for
 * which nobody had made a partition lie in p_future, and each finds its own.
 */
export async function missingMonths(
  query: Query,
  table: PartitionedTable,
  at: Date,
  ahead?: number,
): Promise<ReturnType<typeof monthsFrom>> {
  const newest = (await partitionsOf(query, table)).at(-1) ?? ''
  const wanted = monthsFrom(at, ahead)
  const gap = newest === '' ? 0 : Math.max(0, monthsBetween(newest, wanted[0]?.partition ?? '') - 1)
  const first = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - gap, 1))
  return monthsFrom(first, wanted.length - 1 + gap).filter((month) => month.partition > newest)
}

/** Asked again: nothing. */
export async function addMonths(query: Query, at: Date, ahead?: number): Promise<readonly string[]> {
  const added: string[] = []
  for (const table of Object.keys(PARTITIONED) as PartitionedTable[]) {
    const missing = await missingMonths(query, table, at, ahead)
    if (missing.length === 0) continue
    await query(splitFuture(table, missing))
    added.push(...missing.map((month) => `${table}.${month.partition}`))
  }
  return added
}

/** Months that ended before `before`, oldest first. */
export async function monthsBefore(query: Query, table: PartitionedTable, before: Date): Promise<readonly string[]> {
  const oldest = monthsFrom(before, 0)[0]?.partition ?? ''
  return (await partitionsOf(query, table)).filter((partition) => partition < oldest)
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

/** `p202601` to `p202603`: 2. */
function monthsBetween(from: string, to: string): number {
  const monthOf = (name: string) => Number(name.slice(1, 5)) * 12 + Number(name.slice(5))
  return monthOf(to) - monthOf(from)
}
