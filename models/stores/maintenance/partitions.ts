/** The partitioned tables, a month at a time: a month goes by dropping its partition, and never row by row. */
import { missingMonths, monthsBefore } from '../../schema/partition-upkeep.js'
import { PARTITIONED, type PartitionedTable, splitFuture } from '../../schema/partitions.js'
import { copyToArchive, prepareArchive } from './archive-table.js'
import type { HouseConnection } from './house-connection.js'

export type { PartitionedTable } from '../../schema/partitions.js'

export const PARTITIONED_TABLES = Object.keys(PARTITIONED) as readonly PartitionedTable[]

/** Copied at once, so that no transaction becomes long. */
const COPIED_ROWS = 50_000

export interface OldMonth {
  readonly partition: string
  readonly rows: number
}

/** Names of the months that are missing; with `make`, they are made. Empty where a lock was not to be had. */
export async function monthsAhead(
  house: HouseConnection,
  table: PartitionedTable,
  at: Date,
  ahead: number,
  make: boolean,
): Promise<{ readonly names: readonly string[]; readonly isBusy: boolean }> {
  const missing = await missingMonths((sql) => house.query(sql), table, at, ahead)
  const names = missing.map((month) => `${table}.${month.partition}`)
  if (missing.length === 0 || !make) return { names, isBusy: false }
  return (await house.alter(splitFuture(table, missing))) ? { names, isBusy: false } : { names: [], isBusy: true }
}

export async function oldMonths(
  house: HouseConnection,
  table: PartitionedTable,
  before: Date,
): Promise<readonly OldMonth[]> {
  const months: OldMonth[] = []
  for (const partition of await monthsBefore((sql) => house.query(sql), table, before)) {
    const [found] = await house.query<{ held: string }>(
      `SELECT COUNT(*) AS held FROM ${table} PARTITION (${partition})`,
    )
    months.push({ partition, rows: Number(found?.held ?? 0) })
  }
  return months
}

/** Answers whether it is gone. */
export async function dropMonth(house: HouseConnection, table: PartitionedTable, partition: string): Promise<boolean> {
  return await house.alter(`ALTER TABLE ${table} DROP PARTITION ${partition}`)
}

/** Answers how many rows of the month the archive holds; whoever drops the month compares. */
export async function archiveMonth(
  house: HouseConnection,
  table: PartitionedTable,
  partition: string,
  signal: AbortSignal,
): Promise<number> {
  await prepareArchive(house, table)
  const part = `${table} PARTITION (${partition})`
  let after = '0'
  for (;;) {
    signal.throwIfAborted()
    const [last] = await house.query<{ id: string }>(
      `SELECT MAX(id) AS id FROM (SELECT id FROM ${part} WHERE id > :after ORDER BY id LIMIT ${COPIED_ROWS}) part`,
      { after },
    )
    if (last?.id == null) break
    await copyToArchive(house, table, `PARTITION (${partition}) WHERE id > :after AND id <= :last`, {
      after,
      last: last.id,
    })
    after = last.id
  }
  const [held] = await house.query<{ held: string }>(
    `SELECT COUNT(*) AS held FROM ${part} p JOIN ${table}_archive a ON a.id = p.id AND a.${PARTITIONED[table]} = p.${PARTITIONED[table]}`,
  )
  return Number(held?.held ?? 0)
}
