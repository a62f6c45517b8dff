/**
 * Rules that count what has happened. They are counted anew each time, from what the alert before has counted last: an
 * evaluation that did not take place, or took place twice, changes nothing.
 */
import { LIVE_ONES, type Measure, SCOPE, valuesOf } from './watched.js'

interface Facts {
  /** SELECT fact_id, job_id, execution_id, at, said; `:from` bounds it. */
  readonly facts: string
  /** SELECT job_id, at: of each job the newest that makes good what was before it; `:from` bounds it. */
  readonly good: string
  readonly message: (count: number, said: string) => string
}

interface Counted {
  readonly jobId: string
  readonly facts: number
  readonly firstAt: Date
  readonly lastAt: Date
  /** Execution and text of the newest. */
  readonly newest: string
  readonly goodAt: Date | null
}

export const jobsFailed = counted({
  facts: `SELECT e.id AS fact_id, e.job_id, e.execution_id, e.end_time AS at, e.error_message AS said
    FROM etl_job_execution e WHERE e.execution_status = 'FAILED' AND e.end_time >= :from`,
  good: `SELECT e.job_id, MAX(e.end_time) AS at FROM etl_job_execution e
    WHERE e.execution_status = 'COMPLETED' AND e.end_time >= :from GROUP BY e.job_id`,
  message: (_count, said) => `An execution has failed: ${said}`,
})

export const checkpointsFailed = counted({
  facts: ofEvents('CHECKPOINT_FAILED'),
  good: `SELECT j.job_id, CASE WHEN EXISTS (SELECT 1 FROM etl_job_execution e WHERE e.job_id = j.job_id AND e.execution_status IN ${LIVE_ONES})
      THEN (SELECT MAX(c.complete_time) FROM etl_checkpoint c WHERE c.job_id = j.job_id AND c.checkpoint_status = 'COMPLETED' AND c.trigger_time >= :from)
      ELSE :now END AS at
    FROM etl_job j WHERE j.job_id IN (SELECT v.job_id FROM etl_execution_event v WHERE v.event_type = 'CHECKPOINT_FAILED' AND v.event_time >= :from)`,
  message: (_count, said) => said,
})

export const recordsLost = counted({
  facts: ofEvents('ACCOUNTING_MISMATCH'),
  good: `SELECT e.job_id, MAX(e.start_time) AS at FROM etl_job_execution e
    WHERE e.execution_status = 'COMPLETED' AND e.end_time >= :from GROUP BY e.job_id`,
  message: (_count, said) => `The accounts of records do not match: ${said}`,
})

export const slaMissed = counted({
  facts: ofEvents('SLA_MISSED'),
  good: `SELECT v.job_id, CASE WHEN MAX(e.execution_status IN ${LIVE_ONES}) = 1 THEN NULL ELSE :now END AS at
    FROM etl_execution_event v JOIN etl_job_execution e ON e.execution_id = v.execution_id
    WHERE v.event_type = 'SLA_MISSED' AND v.event_time >= :from GROUP BY v.job_id`,
  message: (_count, said) => said,
})

function ofEvents(type: string): string {
  return `SELECT v.id AS fact_id, v.job_id, v.execution_id, v.event_time AS at, v.message AS said
    FROM etl_execution_event v WHERE v.event_type = '${type}' AND v.event_time >= :from`
}

/** Longer than a worker or MySQL may be away before a failure is not heard of. */
const LOOK_BACK_MS = 24 * 3_600_000

function counted({ facts, good, message }: Facts): Measure {
  return async (db, watched, transaction) => {
    const values = valuesOf(watched)
    const [oldest] = await db.query<{ at: Date | null }>(
      'SELECT MIN(trigger_time) AS at FROM etl_alert_history WHERE rule_id = :ruleId AND is_resolved = 0',
      values,
      transaction,
    )
    const lookBackMs = Math.min(watched.now.getTime(), oldest?.at?.getTime() ?? Number.POSITIVE_INFINITY) - LOOK_BACK_MS
    const from = new Date(Math.max(lookBackMs, watched.activeSince.getTime()))
    const rows = await db.query<Counted>(
      `SELECT f.job_id AS jobId, COUNT(*) AS facts, MIN(f.at) AS firstAt, MAX(f.at) AS lastAt,
              MAX(CONCAT(LPAD(f.fact_id, 20, '0'), f.execution_id, ' ', LEFT(COALESCE(f.said, ''), 500))) AS newest,
              MAX(g.at) AS goodAt
         FROM (${facts}) f
         JOIN etl_job j ON j.job_id = f.job_id AND ${SCOPE}
         LEFT JOIN (SELECT h.job_id, MAX(h.last_trigger_time) AS at FROM etl_alert_history h
                     WHERE h.rule_id = :ruleId AND h.is_resolved = 1 GROUP BY h.job_id) b ON b.job_id = f.job_id
         LEFT JOIN (${good}) g ON g.job_id = f.job_id
        WHERE b.at IS NULL OR f.at > b.at
        GROUP BY f.job_id`,
      { ...values, from },
      transaction,
    )
    return rows.map(({ jobId, facts: count, firstAt, lastAt, newest, goodAt }) => {
      const [executionId = '', ...said] = newest.slice(20).split(' ')
      return {
        subject: `job/${jobId}`,
        jobId,
        executionId,
        value: Number(count),
        occurrences: Number(count),
        message: message(Number(count), said.join(' ')),
        sinceMs: asTime(firstAt),
        lastMs: asTime(lastAt),
        isOver: goodAt !== null && asTime(goodAt) > asTime(lastAt),
      }
    })
  }
}

/** Of an expression the driver may give text. */
function asTime(value: Date | string): number {
  return value instanceof Date ? value.getTime() : Date.parse(`${value.replace(' ', 'T')}Z`)
}
