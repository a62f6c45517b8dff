/** Monthly partitions: names, bounds and the clauses that make them. Months are UTC. */

/** Tables that grow with time, each with the column that its months go by. */
export const PARTITIONED = {
  etl_job_metrics: 'metric_time',
  etl_operator_metrics: 'metric_time',
  etl_operation_log: 'operation_time',
} as const

export type PartitionedTable = keyof typeof PARTITIONED

export interface Month {
  /** `p202601` */
  readonly partition: string
  /** First day of the month after it. */
  readonly before: string
}

const MONTHS_AHEAD = 3

/** The month of `at` and those that follow. */
export function monthsFrom(at: Date, ahead: number = MONTHS_AHEAD): readonly Month[] {
  return Array.from({ length: ahead + 1 }, (_, index) => {
    const first = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + index, 1))
    const after = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + index + 1, 1))
    return {
      partition: `p${first.toISOString().slice(0, 7).replace('-', '')}`,
      before: after.toISOString().slice(0, 10),
    }
  })
}

/** For CREATE TABLE. */
export function partitionClause(column: string, at: Date): string {
  return `PARTITION BY RANGE (TO_DAYS(${column})) (\n${partitionList(monthsFrom(at))}\n)`
}

/** Months are split off p_future: it holds MAXVALUE, so ADD PARTITION is refused. */
export function splitFuture(table: PartitionedTable, months: readonly Month[]): string {
  return `ALTER TABLE ${table} REORGANIZE PARTITION p_future INTO (\n${partitionList(months)}\n)`
}

function partitionList(months: readonly Month[]): string {
  const bounded = months.map((month) => `  PARTITION ${month.partition} VALUES LESS THAN (TO_DAYS('${month.before}'))`)
  return [...bounded, '  PARTITION p_future VALUES LESS THAN MAXVALUE'].join(',\n')
}
