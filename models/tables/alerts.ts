/** Alert rules, alerts and silences. */
import type { Channel } from '../../core/alert/channel.js'
import type { Pending } from '../../core/alert/evaluate.js'
import type { Notification } from '../../core/alert/notification.js'
import type { AlertLevel, ConditionOperator, GroupBy } from '../../core/alert/rule.js'
import type { AlertType, RuleType } from '../../core/alert/rule-types.js'
import { flag, int, json, optional, type Row, real, rowId, text, time } from '../columns.js'

export const alertRuleColumns = {
  id: rowId(),
  ruleId: text(),
  ruleName: text(),
  description: optional(text()),
  jobId: optional(text()),
  jobTag: optional(text()),
  ruleType: text<RuleType>(),
  metricName: optional(text()),
  conditionOperator: optional(text<ConditionOperator>()),
  thresholdValue: optional(real()),
  windowSeconds: int(),
  alertLevel: text<AlertLevel>(),
  groupBy: text<GroupBy>(),
  convergeSeconds: int(),
  notificationChannels: optional(json<readonly Channel['type'][]>()),
  notificationConfig: optional(json<Readonly<Record<string, unknown>>>()),
  cooldownSeconds: optional(int()),
  tellsResolved: flag(),
  isEnabled: flag(),
  activeSince: optional(time()),
  pendingSubjects: optional(json<Pending>()),
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
  ruleType: text<AlertType>(),
  jobId: optional(text()),
  executionId: optional(text()),
  alertLevel: text<AlertLevel>(),
  alertMessage: text(),
  fingerprint: text(),
  subject: text(),
  groupKey: text(),
  currentValue: optional(real()),
  thresholdValue: optional(real()),
  occurrenceCount: int(),
  toldCount: int(),
  toldNumber: optional(int()),
  isEndTold: flag(),
  triggerTime: time(),
  lastTriggerTime: time(),
  clearSince: optional(time()),
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

export const alertNotificationColumns = {
  id: rowId(),
  notificationId: text(),
  groupKey: text(),
  groupNumber: int(),
  ruleId: text(),
  channelName: text(),
  channelType: text<Channel['type']>(),
  payload: json<Notification>(),
  notificationStatus: text<'PENDING' | 'SENT' | 'FAILED'>(),
  failureCount: int(),
  plannedTime: time(),
  nextAttemptTime: time(),
  claimedUntil: optional(time()),
  sentTime: optional(time()),
  notificationError: optional(text()),
  createTime: time(),
  updateTime: time(),
}

export type AlertNotificationRow = Row<typeof alertNotificationColumns>
