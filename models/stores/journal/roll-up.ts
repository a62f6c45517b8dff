/** Metrics of a stretch of time become one row, which counts what they all counted: their sums stay as they were. */
import { THINNING } from '../../../core/execution/thinning.js'
import type { Database } from '../../database.js'

interface Rolled {
  readonly table: string
  /** Rows that agree in these are rolled up together; NULL agrees with NULL. */
  readonly by: readonly string[]
  readonly sums: readonly string[]
  readonly means: readonly string[]
  readonly greatest: readonly string[]
}

const ROLLED: readonly Rolled[] = [
  {
    table: 'etl_job_metrics',
    by: ['sampled_by'],
    sums: ['backpressure_count', 'backpressure_time_ms'],
    means: [
      'records_read_rate',
      'records_processed_rate',
      'records_written_rate',
      'bytes_read_rate',
      'bytes_written_rate',
      'checkpoint_duration_ms',
      'cpu_usage_percent',
    ],
    // What has been counted so far only grows.
    greatest: [
      ...['read', 'side_read', 'processed', 'written', 'filtered', 'failed', 'late'].map(
        (what) => `records_${what}_total`,
      ),
      'bytes_read_total',
      'bytes_written_total',
      'epoch',
      'latency_ms',
      'state_size_bytes',
      'restart_count',
      'memory_usage_bytes',
    ],
  },
  {
    table: 'etl_operator_metrics',
    by: ['operator_id', 'sampled_by'],
    sums: [
      ...['in', 'out', 'filtered', 'failed', 'absorbed', 'late', 'busiest_subtask'].map((what) => `records_${what}`),
      'bytes',
      'processing_time_ms',
      'backpressure_time_ms',
      'idle_time_ms',
      'backpressure_count',
    ],
    means: [],
    greatest: ['epoch', 'subtask_count', 'state_size_bytes'],
  },
]

/** So many stretches are rolled up by one transaction, and so many transactions make a pass: the rest comes with the next. */
const STRETCHES = 60
const MOST = 50

export async function rollUpMetrics(db: Database, executionId: string, nowMs: number): Promise<number> {
  let removed = 0
  for (const rolled of ROLLED)
    for (const [at, { afterMs, everyMs }] of THINNING.entries()) {
      const older = THINNING[at + 1]
      const range = {
        executionId,
        from: new Date(older === undefined ? 0 : nowMs - older.afterMs),
        to: new Date(nowMs - afterMs),
        every: everyMs / 1000,
      }
      for (const first of await unrolled(db, rolled, range)) removed += await rollUp(db, rolled, { ...range, first })
    }
  return removed
}

interface Range {
  readonly executionId: string
  readonly from: Date
  readonly to: Date
  /** Seconds. */
  readonly every: number
}

const STRETCH = 'FLOOR(UNIX_TIMESTAMP(metric_time) / :every)'
const WITHIN = 'execution_id = :executionId AND metric_time >= :from AND metric_time < :to'

/** First stretches of groups in which there is something to do. */
async function unrolled(db: Database, { table, by }: Rolled, range: Range): Promise<readonly number[]> {
  const rows = await db.query<{ first: number | string }>(
    `SELECT FLOOR(stretch / ${STRETCHES}) * ${STRETCHES} AS first
       FROM (SELECT ${[...by, `${STRETCH} AS stretch`].join(', ')} FROM ${table} WHERE ${WITHIN}
              GROUP BY ${[...by, 'stretch'].join(', ')} HAVING COUNT(*) > 1) AS several
      GROUP BY first ORDER BY first LIMIT ${MOST}`,
    { ...range },
  )
  return rows.map(({ first }) => Number(first))
}

async function rollUp(db: Database, rolled: Rolled, range: Range & { readonly first: number }): Promise<number> {
  const { table, by, sums, means, greatest } = rolled
  const { executionId, every } = range
  const from = new Date(Math.max(range.from.getTime(), range.first * every * 1000))
  const to = new Date(Math.min(range.to.getTime(), (range.first + STRETCHES) * every * 1000))
  const values = { executionId, every, from, to }
  const counted = [
    ...sums.map((name) => [name, `SUM(${name})`] as const),
    ...means.map((name) => [name, `AVG(${name})`] as const),
    ...greatest.map((name) => [name, `MAX(${name})`] as const),
  ]
  const groups = `SELECT ${[...by, `${STRETCH} AS stretch`, 'MAX(id) AS kept', ...counted.map(([name, sum]) => `${sum} AS ${name}`)].join(', ')}
       FROM ${table} WHERE ${WITHIN}
      GROUP BY ${[...by, 'stretch'].join(', ')} HAVING COUNT(*) > 1`
  const same = by.map((name) => `AND r.${name} <=> g.${name}`).join(' ')
  const ofRow = (sql: string) =>
    sql.replaceAll('metric_time', 'r.metric_time').replaceAll('execution_id', 'r.execution_id')
  return await db.transaction(async (transaction) => {
    await db.execute(
      `UPDATE ${table} r JOIN (${groups}) g ON r.id = g.kept
          SET ${counted.map(([name]) => `r.${name} = g.${name}`).join(', ')}
        WHERE ${ofRow(WITHIN)}`,
      values,
      transaction,
    )
    // The same groups: what is kept of each is the newest still.
    return await db.execute(
      `DELETE r FROM ${table} r JOIN (${groups}) g ON ${ofRow(STRETCH)} = g.stretch ${same} AND r.id < g.kept
        WHERE ${ofRow(WITHIN)}`,
      values,
      transaction,
    )
  })
}
