import type { Calendar } from '../../../core/schedule/fires.js'
import type { CatchingUp } from '../../../core/schedule/missed.js'
import type { JobScheduleRow } from '../../tables/jobs.js'

type CronRow = Pick<JobScheduleRow, 'cronExpression' | 'timezone' | 'startTime' | 'endTime'>

export function calendarOf({ cronExpression, timezone, startTime, endTime }: CronRow): Calendar {
  const [startAt, endAt] = [startTime?.toISOString() ?? null, endTime?.toISOString() ?? null]
  return { cron: cronExpression, timezone, startAt, endAt }
}

export function catchingUp(row: JobScheduleRow): CatchingUp {
  const { catchUp: mode, catchUpMax: max, jitterMs } = row
  return { calendar: calendarOf(row), catchUp: { mode, max }, jitterMs }
}

/** What may start one execution only. */
export function triggerKeyOf(scheduleId: string, logicalTime: Date): string {
  return `${scheduleId}@${logicalTime.toISOString()}`
}
