/** Rules about the epochs of executions that run. */
import type { Reading } from '../../../core/alert/evaluate.js'
import { formatDuration } from '../../../core/spec/duration.js'
import { LIVE_ONES, largestOfEach, type Measure, SCOPE, valuesOf } from './watched.js'

interface Measured {
  readonly jobId: string
  readonly executionId: string
  readonly value: number | string | null
}

/** Of the epoch that is planned and not committed; of the newest complete one. */
const PENDING_MS = `(SELECT TIMESTAMPDIFF(MICROSECOND, MIN(c.trigger_time), :now) / 1000 FROM etl_checkpoint c
  WHERE c.execution_id = e.execution_id AND c.checkpoint_status = 'IN_PROGRESS')`
const NEWEST_MS = `(SELECT c.duration_ms FROM etl_checkpoint c
  WHERE c.execution_id = e.execution_id AND c.checkpoint_status = 'COMPLETED' AND c.checkpoint_type = 'PERIODIC'
  ORDER BY c.epoch DESC LIMIT 1)`
/** Share of the time in percent; what is old says nothing of now. */
const WAITING_PERCENT = `(SELECT LEAST(100, 100 * m.backpressure_time_ms / m.checkpoint_duration_ms) FROM etl_job_metrics m
  WHERE m.execution_id = e.execution_id AND m.checkpoint_duration_ms > 0 AND m.metric_time >= :now - INTERVAL 15 MINUTE
  ORDER BY m.metric_time DESC LIMIT 1)`

export const latency = ofLive(
  `CASE WHEN e.execution_status = 'PAUSED' THEN NULL ELSE GREATEST(COALESCE(${PENDING_MS}, 0), COALESCE(${NEWEST_MS}, 0)) END`,
  (ms) => `Records need ${time(ms)} from the plan to the commit.`,
)

export const slowCheckpoint = ofLive(NEWEST_MS, (ms) => `The newest epoch took ${time(ms)}.`)

export const backpressure = ofLive(
  WAITING_PERCENT,
  (percent) => `Sources waited ${Math.round(percent)} % of the newest epoch for what is behind them.`,
)

function ofLive(value: string, message: (value: number) => string): Measure {
  return async (db, watched, transaction) => {
    const rows = await db.query<Measured>(
      `SELECT e.job_id AS jobId, e.execution_id AS executionId, ${value} AS value
         FROM etl_job_execution e JOIN etl_job j ON j.job_id = e.job_id AND ${SCOPE}
        WHERE e.execution_status IN ${LIVE_ONES}`,
      valuesOf(watched),
      transaction,
    )
    const readings = rows.flatMap(({ jobId, executionId, value: measured }): readonly Reading[] => {
      if (measured === null) return []
      const number = Math.round(Number(measured))
      return [{ subject: `job/${jobId}`, jobId, executionId, value: number, occurrences: 1, message: message(number) }]
    })
    return largestOfEach(readings)
  }
}

const time = (ms: number) => formatDuration(ms < 10_000 ? ms : Math.round(ms / 1000) * 1000)
