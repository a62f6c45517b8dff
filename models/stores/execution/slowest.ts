/** The slowest operator of an execution, by what it did last. */
import type { JobGraph } from '../../../core/graph/job-graph.js'
import { type OperatorWork, type Slowest, slowestOperator } from '../../../core/metrics/slowest.js'
import type { OperatorCounters } from '../../../core/record/counters.js'
import type { Database } from '../../database.js'

/** Before the newest row: what was slow an hour ago need not be so now. */
const LAST_MINUTES = 10

interface Told extends Record<keyof OperatorWork, string | number> {
  readonly sampled: number
}

/** By its checkpoints, which know how records fell to subtasks; before the first of them by samples, else by what runs. */
export async function findSlowest(
  db: Database,
  executionId: string,
  graph: JobGraph,
  running: OperatorCounters,
): Promise<Slowest | null> {
  const rows = await db.query<Told>(
    `SELECT operator_id AS operatorId, sampled_by IS NOT NULL AS sampled, SUM(records_in) AS recordsIn,
       SUM(processing_time_ms) AS processingMs, SUM(backpressure_time_ms) AS backpressureMs,
       MAX(subtask_count) AS subtasks, SUM(records_busiest_subtask) AS busiest
       FROM etl_operator_metrics FORCE INDEX (idx_execution_time)
      WHERE execution_id = :executionId AND metric_time >=
        (SELECT MAX(metric_time) FROM etl_operator_metrics WHERE execution_id = :executionId) - INTERVAL ${LAST_MINUTES} MINUTE
      GROUP BY operator_id, sampled`,
    { executionId },
  )
  const kind = rows.some(({ sampled }) => sampled === 0) ? 0 : 1
  const told = rows.filter(({ sampled }) => sampled === kind).map(workOf)
  return slowestOperator(graph, told.length > 0 ? told : runningWork(running))
}

function workOf({ operatorId, recordsIn, processingMs, backpressureMs, subtasks, busiest }: Told): OperatorWork {
  return {
    operatorId: String(operatorId),
    recordsIn: Number(recordsIn),
    processingMs: Number(processingMs),
    backpressureMs: Number(backpressureMs),
    subtasks: Number(subtasks),
    busiest: Number(busiest),
  }
}

function runningWork(running: OperatorCounters): readonly OperatorWork[] {
  return Object.entries(running).map(([operatorId, counters]) => ({
    operatorId,
    recordsIn: counters.in,
    processingMs: counters.processingMs,
    backpressureMs: counters.backpressureMs,
    subtasks: 1,
    busiest: counters.in,
  }))
}
