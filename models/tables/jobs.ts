/** Jobs, their versions and schedules. */
import type { JobGraph } from '../../core/graph/job-graph.js'
import type { RestartConfig } from '../../core/restart/strategy.js'
import type { JobSettings } from '../../core/spec/settings.js'
import { count, flag, int, json, optional, type Row, rowId, text, time } from '../columns.js'

export type JobStatus = 'CREATED' | 'SCHEDULED' | 'RUNNING' | 'COMPLETED' | 'FAILED' | 'CANCELLED'

export const jobColumns = {
  id: rowId(),
  jobId: text(),
  jobName: text(),
  description: optional(text()),
  jobType: text<JobSettings['type']>(),
  jobStatus: text<JobStatus>(),
  latestExecutionId: optional(text()),
  streamGraphId: optional(text()),
  jobGraphId: optional(text()),
  config: json<object>(),
  settings: json<JobSettings>(),
  restartStrategy: text<RestartConfig['strategy']>(),
  parallelism: int(),
  maxParallelism: int(),
  maxConcurrentRuns: int(),
  priority: int(),
  tags: optional(json<readonly string[]>()),
  isDeleted: flag(),
  deletedTime: optional(time()),
  createdBy: optional(text()),
  updatedBy: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type JobRow = Row<typeof jobColumns>

export const jobVersionColumns = {
  id: rowId(),
  jobId: text(),
  jobVersion: int(),
  spec: json<object>(),
  settings: json<JobSettings>(),
  jobGraph: json<JobGraph>(),
  createdBy: optional(text()),
  createTime: time(),
}

export type JobVersionRow = Row<typeof jobVersionColumns>

export const jobScheduleColumns = {
  id: rowId(),
  scheduleId: text(),
  jobId: text(),
  scheduleType: text<'IMMEDIATE' | 'CRON' | 'DEPENDENCY' | 'EVENT'>(),
  cronExpression: optional(text()),
  timezone: text(),
  dependencyJobIds: optional(json<readonly string[]>()),
  dependencyConfig: optional(json<Readonly<Record<string, unknown>>>()),
  eventType: optional(text()),
  eventFilter: optional(text()),
  parameters: optional(json<Readonly<Record<string, string>>>()),
  catchUp: text<'NONE' | 'LAST' | 'ALL'>(),
  catchUpMax: optional(int()),
  jitterMs: count(),
  overlapPolicy: text<JobSettings['overlap']>(),
  priority: int(),
  maxConcurrentRuns: int(),
  isEnabled: flag(),
  startTime: optional(time()),
  endTime: optional(time()),
  lastFireTime: optional(time()),
  nextFireTime: optional(time()),
  fireCount: count(),
  lastExecutionId: optional(text()),
  createdBy: optional(text()),
  updatedBy: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type JobScheduleRow = Row<typeof jobScheduleColumns>
