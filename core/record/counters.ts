/**
 * Records through one node in one epoch (I8): in = passed + filtered + failed + absorbed.
 * `out` is what it emitted: passed, fan-out and results together.
 */
export interface Counters {
  readonly in: number
  readonly out: number
  readonly passed: number
  readonly filtered: number
  readonly failed: number
  /** Merged into state: aggregation, the build side of a join. */
  readonly absorbed: number
  readonly late: number
  /** Of a source: read from outside; of a sink: written there; as far as its connector knows. */
  readonly bytes: number
  readonly processingMs: number
  readonly backpressureMs: number
  readonly backpressureCount: number
}

export const noRecords: Counters = {
  in: 0,
  out: 0,
  passed: 0,
  filtered: 0,
  failed: 0,
  absorbed: 0,
  late: 0,
  bytes: 0,
  processingMs: 0,
  backpressureMs: 0,
  backpressureCount: 0,
}

export function addCounters(a: Counters, b: Counters): Counters {
  return {
    in: a.in + b.in,
    out: a.out + b.out,
    passed: a.passed + b.passed,
    filtered: a.filtered + b.filtered,
    failed: a.failed + b.failed,
    absorbed: a.absorbed + b.absorbed,
    late: a.late + b.late,
    // Counters that an older version stored have none.
    bytes: (a.bytes ?? 0) + (b.bytes ?? 0),
    processingMs: a.processingMs + b.processingMs,
    backpressureMs: a.backpressureMs + b.backpressureMs,
    backpressureCount: a.backpressureCount + b.backpressureCount,
  }
}

/** `now` counts what `before` did, and more. */
export function subtractCounters(now: Counters, before: Counters): Counters {
  const fields = Object.keys(noRecords) as (keyof Counters)[]
  return Object.fromEntries(fields.map((field) => [field, now[field] - before[field]])) as unknown as Counters
}

/** By node id. */
export type OperatorCounters = Readonly<Record<string, Counters>>

export function sumCounters(a: OperatorCounters, b: OperatorCounters): OperatorCounters {
  const sum: Record<string, Counters> = { ...a }
  for (const [nodeId, counted] of Object.entries(b)) sum[nodeId] = addCounters(sum[nodeId] ?? noRecords, counted)
  return sum
}

/** How the records of a node fell to its subtasks: even where the busiest has total ÷ subtasks. */
export interface Share {
  readonly subtasks: number
  readonly busiest: number
}
