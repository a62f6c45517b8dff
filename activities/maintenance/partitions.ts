/** Months of the partitioned tables are made ahead, and old ones archived and dropped. */
import { JobError } from '../../core/errors/job-error.js'
import { daysBefore, type HousePolicy } from '../../core/maintenance/policy.js'
import type { Findings } from '../../core/maintenance/report.js'
import { anchorMonth } from '../../models/stores/audit/anchor.js'
import {
  archiveMonth,
  dropMonth,
  monthsAhead,
  oldMonths,
  PARTITIONED_TABLES,
  type PartitionedTable,
} from '../../models/stores/maintenance/partitions.js'
import { archiveMonthAsParquet } from './archive-parquet.js'
import type { HouseWork } from './work.js'

export async function keepPartitions(work: HouseWork): Promise<Findings> {
  const { house, policy, dryRun, signal, now } = work
  const made: string[] = []
  const dropped: string[] = []
  const warnings: string[] = []
  let [rows, archived] = [0, 0]
  for (const table of PARTITIONED_TABLES) {
    const ahead = await monthsAhead(house, table, new Date(now()), policy.monthsAhead, !dryRun)
    made.push(...ahead.names)
    if (ahead.isBusy) warnings.push(busy(table, 'made'))
    for (const month of await oldMonths(house, table, daysBefore(now(), daysOf(table, policy)))) {
      signal.throwIfAborted()
      if (!dryRun) {
        archived += await archive(work, table, month.partition, month.rows)
        const unfit = await anchorMonth(house, table, month.partition, work.secretKey)
        if (unfit !== null) {
          warnings.push(
            `The audit is not as it was written, so ${month.partition} of it stays: ${unfit} See etl audit verify.`,
          )
          break
        }
        if (!(await dropMonth(house, table, month.partition))) {
          warnings.push(busy(table, 'dropped'))
          break
        }
      }
      dropped.push(`${table}.${month.partition}`)
      rows += month.rows
    }
  }
  return {
    done: [
      { what: 'partitions made', count: made.length, names: made },
      { what: 'partitions dropped', count: dropped.length, names: dropped },
      { what: 'rows in them', count: rows },
      ...(policy.archive === 'NONE' ? [] : [{ what: 'rows archived', count: archived }]),
    ],
    warnings,
  }
}

/** Never fewer than there are: what is not archived whole is not dropped. */
async function archive(work: HouseWork, table: PartitionedTable, partition: string, rows: number): Promise<number> {
  const { house, policy, signal } = work
  if (policy.archive === 'NONE' || rows === 0) return 0
  const kept =
    policy.archive === 'TABLE'
      ? await archiveMonth(house, table, partition, signal)
      : await archiveMonthAsParquet(work, table, partition)
  if (kept === rows) return rows
  throw new JobError('internal', `The archive of ${table} holds ${kept} rows of ${partition}, which has ${rows}.`, {
    hint: 'The month stays; the next run tries again. Clocks that write into the past would explain it.',
  })
}

function daysOf(table: PartitionedTable, policy: HousePolicy): number {
  return table === 'etl_operation_log' ? policy.operationLogDays : policy.metricsDays
}

function busy(table: string, what: string): string {
  return `A month of ${table} could not be ${what}: long transactions hold the table. The next run tries again.`
}
