/** What schedules leave behind besides executions. */
import { int, json, optional, type Row, rowId, text, time } from '../columns.js'

export const scheduleDecisionColumns = {
  id: rowId(),
  scheduleId: text(),
  jobId: text(),
  decision: text<'SKIPPED' | 'MISSED'>(),
  logicalTime: time(),
  message: text(),
  createTime: time(),
}

export type ScheduleDecisionRow = Row<typeof scheduleDecisionColumns>

export const backfillColumns = {
  id: rowId(),
  backfillId: text(),
  scheduleId: text(),
  jobId: text(),
  backfillStatus: text<'RUNNING' | 'PAUSED' | 'COMPLETED' | 'CANCELLED'>(),
  cronExpression: text(),
  timezone: text(),
  parameters: optional(json<Readonly<Record<string, string>>>()),
  fromTime: time(),
  toTime: time(),
  nextTime: optional(time()),
  maxConcurrentRuns: int(),
  reprocess: text<'MISSING' | 'FAILED' | 'ALL'>(),
  priority: int(),
  total: int(),
  createdBy: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type BackfillRow = Row<typeof backfillColumns>

export const scheduleTroubleColumns = {
  id: rowId(),
  scheduleId: text(),
  trouble: text(),
  message: text(),
  createTime: time(),
}

export type ScheduleTroubleRow = Row<typeof scheduleTroubleColumns>
