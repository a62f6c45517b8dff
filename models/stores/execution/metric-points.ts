/** Metrics of an execution over a range of time, thinned out as they are read: one point a step, none where there is nothing. */

import type { ByteTotals } from '../../../core/execution/byte-totals.js'
import { groupBy } from '../../../core/group-by.js'
import { type CountedPoint, eachRate, type Rates, ratesOf } from '../../../core/metrics/rates.js'
import { checkedStepMs, defaultStepMs } from '../../../core/metrics/steps.js'
import type { Database } from '../../database.js'
import { findExecution } from '../journal/ownership.js'

export interface PointsWanted {
  /** Absent: since the execution began. */
  readonly from?: Date | undefined
  /** Absent: until its end, or now. */
  readonly to?: Date | undefined
  /** In whole seconds. Absent: as the range asks for. */
  readonly stepMs?: number | undefined
}

export interface MetricPoints {
  readonly from: string
  readonly to: string
  readonly stepMs: number
  readonly job: readonly JobPoint[]
  readonly operators: readonly OperatorPoint[]
}

export interface JobPoint {
  /** Where its stretch begins. */
  readonly time: string
  readonly epoch: number | null
  readonly records: { readonly [what in (typeof TOTALS)[number]]: number }
  /** So far. */
  readonly bytes: ByteTotals
  readonly rates: Rates
  readonly backpressureCount: number
  readonly backpressureTimeMs: number
  readonly checkpointDurationMs: number | null
  readonly latencyMs: number | null
  readonly stateSizeBytes: number
  readonly restarts: number
  readonly cpuUsagePercent: number | null
  readonly memoryUsageBytes: number | null
}

export interface OperatorPoint {
  readonly time: string
  readonly epoch: number | null
  readonly operatorId: string
  /** Within the stretch. */
  readonly recordsIn: number
  readonly recordsOut: number
  readonly recordsFiltered: number
  readonly recordsFailed: number
  readonly bytes: number
  readonly subtasks: number
  readonly skew: number | null
  readonly processingMs: number
  readonly backpressureTimeMs: number
  readonly idleMs: number
  readonly stateSizeBytes: number
}

const TOTALS = ['read', 'sideRead', 'processed', 'written', 'filtered', 'failed', 'late'] as const
const WITHIN = 'execution_id = :executionId AND metric_time >= :from AND metric_time < :to'
/** Otherwise a short range may go by time, through the rows of all executions. */
const OWN = 'FORCE INDEX (idx_execution_time)'
const AT = "TIMESTAMPDIFF(SECOND, '1970-01-01', metric_time) DIV (:stepMs DIV 1000)"
const KIND = 'sampled_by IS NOT NULL'

export async function metricPoints(db: Database, executionId: string, wanted: PointsWanted): Promise<MetricPoints> {
  const { startTime, endTime, createTime } = await findExecution(db, executionId)
  const from = wanted.from ?? startTime ?? createTime
  // The last row is written with the end, and may be read a moment before it.
  const to = wanted.to ?? new Date((endTime?.getTime() ?? Date.now()) + 1000)
  const rangeMs = Math.max(0, to.getTime() - from.getTime())
  const stepMs =
    wanted.stepMs === undefined ? defaultStepMs(rangeMs) : checkedStepMs(wholeSeconds(wanted.stepMs), rangeMs)
  const values = { executionId, from, to, stepMs }
  const [job, operators, [before]] = await Promise.all([
    db.query<Raw>(JOB_POINTS, values),
    db.query<Raw>(OPERATOR_POINTS, values),
    db.query<Raw>(ROW_BEFORE, values),
  ])
  const began: CountedPoint = { atMs: (startTime ?? createTime).getTime(), totals: eachRate(() => 0) }
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    stepMs,
    job: jobPoints(job, stepMs, before === undefined ? began : countedBy([before])),
    operators: operatorPoints(operators, stepMs),
  }
}

type Raw = Readonly<Record<string, string | number | null>>

/** Totals only grow, whoever tells them; what is told for a stretch adds up, of samples or of checkpoints. */
export const JOB_POINTS = `SELECT ${AT} AS at, ${KIND} AS sampled, MAX(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', metric_time)) / 1000 AS atMs, MAX(epoch) AS epoch,
  ${TOTALS.map((what) => `MAX(records_${snake(what)}_total) AS \`${what}\``).join(', ')},
  MAX(bytes_read_total) AS bytesRead, MAX(bytes_written_total) AS bytesWritten,
  SUM(backpressure_count) AS backpressureCount, SUM(backpressure_time_ms) AS backpressureTimeMs,
  MAX(checkpoint_duration_ms) AS checkpointDurationMs, MAX(latency_ms) AS latencyMs, MAX(state_size_bytes) AS stateSizeBytes,
  MAX(restart_count) AS restarts, AVG(cpu_usage_percent) AS cpuUsagePercent, MAX(memory_usage_bytes) AS memoryUsageBytes
  FROM etl_job_metrics ${OWN} WHERE ${WITHIN} GROUP BY at, sampled ORDER BY at, sampled`

/** What the first point of a range goes on from. */
const ROW_BEFORE = `SELECT TIMESTAMPDIFF(MICROSECOND, '1970-01-01', metric_time) / 1000 AS atMs,
  ${TOTALS.map((what) => `records_${snake(what)}_total AS \`${what}\``).join(', ')},
  bytes_read_total AS bytesRead, bytes_written_total AS bytesWritten
  FROM etl_job_metrics ${OWN} WHERE execution_id = :executionId AND metric_time < :from ORDER BY metric_time DESC LIMIT 1`

export const OPERATOR_POINTS = `SELECT ${AT} AS at, ${KIND} AS sampled, operator_id AS operatorId, MAX(epoch) AS epoch,
  SUM(records_in) AS recordsIn, SUM(records_out) AS recordsOut, SUM(records_filtered) AS recordsFiltered,
  SUM(records_failed) AS recordsFailed, SUM(bytes) AS bytes, MAX(subtask_count) AS subtasks, SUM(records_busiest_subtask) AS busiest,
  SUM(processing_time_ms) AS processingMs, SUM(backpressure_time_ms) AS backpressureTimeMs, SUM(idle_time_ms) AS idleMs,
  MAX(state_size_bytes) AS stateSizeBytes
  FROM etl_operator_metrics ${OWN} WHERE ${WITHIN} GROUP BY at, sampled, operator_id ORDER BY at, operator_id, sampled`

function jobPoints(rows: readonly Raw[], stepMs: number, before: CountedPoint): readonly JobPoint[] {
  const told = inSamples(rows)
  const stretches = [...groupBy(rows, (row) => number(row.at))].map(([at, own]) => ({
    at,
    own,
    kind: own.find((row) => isOf(row, told)) ?? own[0]!,
  }))
  const rates = ratesOf(
    stretches.map(({ own }) => countedBy(own)),
    before,
  )
  // A sample does not know of them: they are as many as the checkpoint before it says.
  const restarts: number[] = []
  for (const { own } of stretches) restarts.push(Math.max(restarts.at(-1) ?? 0, most(own, 'restarts') ?? 0))
  return stretches.map(({ at, own, kind }, index) => ({
    time: new Date(at * stepMs).toISOString(),
    epoch: most(own, 'epoch'),
    records: Object.fromEntries(TOTALS.map((what) => [what, total(own, what)])) as JobPoint['records'],
    bytes: { read: total(own, 'bytesRead'), written: total(own, 'bytesWritten') },
    rates: rates[index]!,
    backpressureCount: isOf(kind, told) ? number(kind.backpressureCount) : 0,
    backpressureTimeMs: isOf(kind, told) ? number(kind.backpressureTimeMs) : 0,
    checkpointDurationMs: most(own, 'checkpointDurationMs'),
    latencyMs: most(own, 'latencyMs'),
    stateSizeBytes: most(own, 'stateSizeBytes') ?? 0,
    restarts: restarts[index]!,
    cpuUsagePercent: kind.cpuUsagePercent === null ? null : Math.round(number(kind.cpuUsagePercent) * 100) / 100,
    memoryUsageBytes: most(own, 'memoryUsageBytes'),
  }))
}

const countedBy = (rows: readonly Raw[]): CountedPoint => ({
  atMs: most(rows, 'atMs') ?? 0,
  totals: eachRate((what) => total(rows, what)),
})

function most(rows: readonly Raw[], name: string): number | null {
  const values = rows.flatMap((row) => (row[name] == null ? [] : [number(row[name])]))
  return values.length === 0 ? null : Math.max(...values)
}

const total = (rows: readonly Raw[], what: string): number => most(rows, what) ?? 0

function operatorPoints(rows: readonly Raw[], stepMs: number): readonly OperatorPoint[] {
  const told = inSamples(rows)
  return rows
    .filter((row) => isOf(row, told))
    .map((row) => ({
      time: new Date(number(row.at) * stepMs).toISOString(),
      epoch: row.epoch == null ? null : number(row.epoch),
      operatorId: String(row.operatorId),
      recordsIn: number(row.recordsIn),
      recordsOut: number(row.recordsOut),
      recordsFiltered: number(row.recordsFiltered),
      recordsFailed: number(row.recordsFailed),
      bytes: number(row.bytes),
      subtasks: number(row.subtasks),
      skew: skewOf(row),
      processingMs: number(row.processingMs),
      backpressureTimeMs: number(row.backpressureTimeMs),
      idleMs: number(row.idleMs),
      stateSizeBytes: number(row.stateSizeBytes),
    }))
}

/**
 * Both tell of the same work. Samples tell when it was done, checkpoints only when it was committed: where there are
 * samples in the range they are what adds up.
 */
const inSamples = (rows: readonly Raw[]) => rows.some(({ sampled }) => number(sampled) === 1)
const isOf = ({ sampled }: Raw, told: boolean) => (number(sampled) === 1) === told

function skewOf({ recordsIn, subtasks, busiest }: Raw): number | null {
  if (number(recordsIn) === 0) return null
  return Math.round((number(busiest) * number(subtasks) * 100) / number(recordsIn)) / 100
}

const wholeSeconds = (ms: number) => Math.max(1, Math.round(ms / 1000)) * 1000

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

const number = (value: string | number | null | undefined) => Number(value ?? 0)
