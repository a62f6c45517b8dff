/** Which times of the past a backfill fills. */
import { JobError } from '../../../core/errors/job-error.js'
import { isTerminal } from '../../../core/execution/status.js'
import { type Calendar, fires } from '../../../core/schedule/fires.js'
import type { Database } from '../../database.js'
import type { JobExecutionRow } from '../../tables/executions.js'
import type { BackfillRow } from '../../tables/schedules.js'

export interface BackfillRange {
  readonly from: Date
  /** Belongs to it. */
  readonly to: Date
}

export interface PlannedTime {
  readonly logicalTime: string
  /** Of the newest execution for that time; null: there is none. */
  readonly executionId: string | null
  readonly status: JobExecutionRow['executionStatus'] | null
  readonly runs: boolean
}

export const MOST_TIMES = 10_000

export function timesIn(calendar: Calendar, { from, to }: BackfillRange): readonly number[] {
  const times = fires(calendar, from.getTime() - 1, MOST_TIMES + 1).filter((time) => time <= to.getTime())
  if (times.length <= MOST_TIMES) return times
  throw new JobError('usage.invalid', `There are more than ${MOST_TIMES} times in this range.`, {
    pointer: '/to',
    hint: 'Fill it in several parts.',
  })
}

export async function planTimes(
  db: Database,
  scheduleId: string,
  times: readonly number[],
  reprocess: BackfillRow['reprocess'],
): Promise<readonly PlannedTime[]> {
  const newest = await newestAt(db, scheduleId, times)
  return times.map((time) => {
    const known = newest.get(time) ?? null
    return {
      logicalTime: new Date(time).toISOString(),
      executionId: known?.executionId ?? null,
      status: known?.status ?? null,
      runs: known === null || isDoneAgain(known.status, reprocess),
    }
  })
}

function isDoneAgain(status: JobExecutionRow['executionStatus'], reprocess: BackfillRow['reprocess']): boolean {
  if (!isTerminal(status)) return false
  if (reprocess === 'ALL') return true
  return reprocess === 'FAILED' && status !== 'COMPLETED'
}

interface Known {
  readonly executionId: string
  readonly status: JobExecutionRow['executionStatus']
}

/** What was restarted counts as it ended at last. */
async function newestAt(
  db: Database,
  scheduleId: string,
  times: readonly number[],
): Promise<ReadonlyMap<number, Known>> {
  const [first, last] = [times[0], times.at(-1)]
  if (first === undefined || last === undefined) return new Map()
  const rows = await db.query<{ logicalTime: Date; executionId: string; status: Known['status'] }>(
    `SELECT o.logical_time AS logicalTime, e.execution_id AS executionId, e.execution_status AS status
       FROM etl_job_execution o JOIN etl_job_execution e ON e.lineage_id = o.lineage_id AND e.logical_time = o.logical_time
      WHERE o.schedule_id = :scheduleId AND o.is_scheduled_time = 1 AND o.logical_time BETWEEN :first AND :last
      ORDER BY e.id`,
    { scheduleId, first: new Date(first), last: new Date(last) },
  )
  return new Map(rows.map(({ logicalTime, ...known }) => [new Date(logicalTime).getTime(), known]))
}
