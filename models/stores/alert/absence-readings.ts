/** Rules about what should be there and is not, or should be gone and is there. */
import type { Reading } from '../../../core/alert/evaluate.js'
import { formatDuration } from '../../../core/spec/duration.js'
import { LIVE_ONES, type Measure, SCOPE, valuesOf } from './watched.js'

interface OfJob {
  readonly jobId: string
  readonly executionId: string | null
  readonly value: number | string
}

/** A rule for all jobs watches those that never end; one that names jobs expects data of each. */
export const noData: Measure = async (db, watched, transaction) => {
  const isNamed = watched.jobId !== null || watched.tag !== null
  const rows = await db.query<OfJob>(
    `SELECT j.job_id AS jobId, MIN(e.execution_id) AS executionId,
            TIMESTAMPDIFF(SECOND, GREATEST(:activeSince,
              COALESCE((SELECT MAX(m.metric_time) FROM etl_job_metrics m WHERE m.job_id = j.job_id AND m.records_read_rate > 0), :activeSince),
              COALESCE(MIN(e.start_time), :activeSince)), :now) AS value
       FROM etl_job j
       LEFT JOIN etl_job_execution e ON e.job_id = j.job_id AND e.execution_status IN ${LIVE_ONES}
      WHERE ${SCOPE} AND (:isNamed = 1 OR (j.job_type = 'STREAMING' AND e.execution_id IS NOT NULL))
      GROUP BY j.job_id`,
    { ...valuesOf(watched), isNamed: isNamed ? 1 : 0 },
    transaction,
  )
  return rows.map((row) => ofJob(row, (seconds) => `No record has been read for ${time(seconds)}.`))
}

export const deadLetters: Measure = async (db, watched, transaction) => {
  const rows = await db.query<OfJob>(
    `SELECT d.job_id AS jobId, MAX(d.execution_id) AS executionId, COUNT(*) AS value
       FROM etl_dead_letter d JOIN etl_job j ON j.job_id = d.job_id AND ${SCOPE}
      WHERE d.dead_letter_status IN ('NEW', 'EDITED') GROUP BY d.job_id`,
    valuesOf(watched),
    transaction,
  )
  return rows.map((row) => ofJob(row, (count) => `${count} bad record${count === 1 ? ' waits' : 's wait'}.`))
}

export const missedSchedules: Measure = async (db, watched, transaction) => {
  const rows = await db.query<OfJob & { scheduleId: string }>(
    `SELECT s.schedule_id AS scheduleId, s.job_id AS jobId, NULL AS executionId,
            TIMESTAMPDIFF(SECOND, s.next_fire_time, :now) AS value
       FROM etl_job_schedule s JOIN etl_job j ON j.job_id = s.job_id AND ${SCOPE}
      WHERE s.is_enabled = 1 AND s.next_fire_time < :now AND (s.end_time IS NULL OR s.next_fire_time <= s.end_time)`,
    valuesOf(watched),
    transaction,
  )
  return rows.map((row) => ({
    ...ofJob(row, (seconds) => `The schedule should have fired ${time(seconds)} ago and did not.`),
    subject: `schedule/${row.scheduleId}`,
  }))
}

/** Of a worker that came back under another id its host tells. */
export const lostWorkers: Measure = async (db, watched, transaction) => {
  const rows = await db.query<{ workerId: string; host: string; value: number | string }>(
    `SELECT w.worker_id AS workerId, w.host_name AS host, TIMESTAMPDIFF(SECOND, w.heartbeat_time, :now) AS value
       FROM etl_worker w
      WHERE w.worker_status <> 'STOPPED' AND w.heartbeat_time >= :activeSince
        AND NOT EXISTS (SELECT 1 FROM etl_worker n WHERE n.host_name = w.host_name AND n.start_time > w.heartbeat_time)`,
    valuesOf(watched),
    transaction,
  )
  return rows.map(({ workerId, host, value }) => ({
    subject: `worker/${workerId}`,
    jobId: null,
    executionId: null,
    value: Number(value),
    occurrences: 1,
    message: `The worker ${workerId} on ${host} has not been heard of for ${time(Number(value))}.`,
  }))
}

function ofJob({ jobId, executionId, value }: OfJob, message: (value: number) => string): Reading {
  const number = Number(value)
  return { subject: `job/${jobId}`, jobId, executionId, value: number, occurrences: 1, message: message(number) }
}

const time = (seconds: number) => formatDuration(seconds * 1000)
