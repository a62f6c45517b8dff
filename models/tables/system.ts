/** Settings, workers, trigger events and kept answers. */
import type { MaintenanceTask, RunStatus, TaskReport } from '../../core/maintenance/report.js'
import { count, flag, int, json, optional, type Row, real, rowId, text, time } from '../columns.js'

export const systemConfigColumns = {
  id: rowId(),
  configKey: text(),
  configValue: optional(text()),
  defaultValue: optional(text()),
  configType: text<'STRING' | 'INT' | 'BOOLEAN' | 'JSON'>(),
  configGroup: text(),
  description: optional(text()),
  isEncrypted: flag(),
  isReadonly: flag(),
  updatedBy: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type SystemConfigRow = Row<typeof systemConfigColumns>

export const workerColumns = {
  id: rowId(),
  workerId: text(),
  hostName: text(),
  processId: int(),
  workerStatus: text<'RUNNING' | 'STOPPING' | 'STOPPED'>(),
  taskQueues: optional(json<readonly string[]>()),
  slots: int(),
  slotsUsed: int(),
  buildVersion: optional(text()),
  cpuUsagePercent: optional(real()),
  memoryUsageBytes: optional(count()),
  startTime: time(),
  heartbeatTime: time(),
  createTime: time(),
  updateTime: time(),
}

export type WorkerRow = Row<typeof workerColumns>

export const triggerEventColumns = {
  id: rowId(),
  eventId: text(),
  downstreamJobId: text(),
  eventType: text(),
  sourceJobId: optional(text()),
  sourceExecutionId: optional(text()),
  sourceStatus: optional(text()),
  logicalTime: optional(time()),
  isScheduledTime: flag(),
  payload: optional(json<Readonly<Record<string, unknown>>>()),
  eventTime: time(),
  claimedExecutionId: optional(text()),
  message: optional(text()),
  isHandled: flag(),
  createTime: time(),
  updateTime: time(),
}

export type TriggerEventRow = Row<typeof triggerEventColumns>

export const idempotencyKeyColumns = {
  id: rowId(),
  userId: text(),
  idempotencyKey: text(),
  requestHash: text(),
  requestPath: text(),
  responseStatus: optional(int()),
  responseHeaders: optional(json<Readonly<Record<string, string>>>()),
  responseBody: optional(json<object>()),
  expireTime: time(),
  createTime: time(),
  updateTime: time(),
}

export type IdempotencyKeyRow = Row<typeof idempotencyKeyColumns>

export const maintenanceRunColumns = {
  id: rowId(),
  runId: text(),
  runStatus: text<RunStatus>(),
  isRunning: optional(flag()),
  triggerType: text<'SCHEDULE' | 'MANUAL'>(),
  isDryRun: flag(),
  wish: optional(json<readonly MaintenanceTask[]>()),
  report: json<readonly TaskReport[]>(),
  startedBy: optional(text()),
  startTime: time(),
  heardTime: time(),
  endTime: optional(time()),
  createTime: time(),
  updateTime: time(),
}

export type MaintenanceRunRow = Row<typeof maintenanceRunColumns>
