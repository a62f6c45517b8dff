/** Alert rules, alerts and silences. */
import { flag, int, json, optional, type Row, real, rowId, text, time } from '../columns.js'

export type AlertLevel = 'INFO' | 'WARNING' | 'ERROR' | 'CRITICAL'

export const alertRuleColumns = {
  id: rowId(),
  ruleId: text(),
  ruleName: text(),
  description: optional(text()),
  jobId: optional(text()),
  ruleType: text(),
  metricName: optional(text()),
  conditionOperator: optional(text<'>' | '<' | '=' | '>=' | '<='>()),
  thresholdValue: optional(real()),
  windowSeconds: int(),
  alertLevel: text<AlertLevel>(),
  notificationChannels: optional(json<readonly ('EMAIL' | 'SMS' | 'WEBHOOK')[]>()),
  notificationConfig: optional(json<Readonly<Record<string, unknown>>>()),
  cooldownSeconds: optional(int()),
  isEnabled: flag(),
  lastEvaluatedTime: optional(time()),
  createdBy: optional(text()),
  updatedBy: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type AlertRuleRow = Row<typeof alertRuleColumns>

export const alertHistoryColumns = {
  id: rowId(),
  alertId: text(),
  ruleId: text(),
  ruleName: text(),
  ruleType: text(),
  jobId: optional(text()),
  executionId: optional(text()),
  alertLevel: text<AlertLevel>(),
  alertMessage: text(),
  fingerprint: text(),
  currentValue: optional(real()),
  thresholdValue: optional(real()),
  occurrenceCount: int(),
  triggerTime: time(),
  lastTriggerTime: time(),
  isAcknowledged: flag(),
  acknowledgedBy: optional(text()),
  acknowledgedTime: optional(time()),
  isResolved: flag(),
  resolvedBy: optional(text()),
  resolvedTime: optional(time()),
  notificationStatus: text<'PENDING' | 'SENT' | 'FAILED' | 'SILENCED'>(),
  notificationTime: optional(time()),
  notificationError: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type AlertHistoryRow = Row<typeof alertHistoryColumns>

export const alertSilenceColumns = {
  id: rowId(),
  silenceId: text(),
  ruleId: optional(text()),
  jobId: optional(text()),
  reason: optional(text()),
  startTime: time(),
  endTime: time(),
  createdBy: optional(text()),
  version: int(),
  createTime: time(),
  updateTime: time(),
}

export type AlertSilenceRow = Row<typeof alertSilenceColumns>
