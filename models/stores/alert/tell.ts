/** What a rule has to say to people, written down in the transaction that found it: whoever delivers it comes later. */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'sequelize'
import { converge, type Telling, type Untold } from '../../../core/alert/converge.js'
import { type Notification, type NotifiedAlert, SPELLED_OUT } from '../../../core/alert/notification.js'
import type { Database } from '../../database.js'
import type { AlertHistoryRow, AlertRuleRow } from '../../tables/alerts.js'
import { channelsOf, planNotification } from './plan-notification.js'
import { noteQuiet, quietOnes } from './quiet.js'

/** Answers how many notifications are to be delivered. */
export async function tell(db: Database, transaction: Transaction, rule: AlertRuleRow, now: Date): Promise<number> {
  const alerts = await untoldAlerts(db, transaction, rule.ruleId)
  if (alerts.length === 0) return 0
  const quiet = await quietOnes(db, transaction, rule, alerts, now)
  await noteQuiet(db, transaction, alerts, quiet)
  let told = 0
  for (const group of new Set(alerts.map(({ groupKey }) => groupKey))) {
    const members = alerts.filter(({ groupKey }) => groupKey === group)
    const state = await groupState(db, transaction, group)
    const pace = {
      windowMs: rule.convergeSeconds * 1000,
      repeatMs: (rule.cooldownSeconds ?? 0) * 1000,
      tellsResolved: rule.tellsResolved,
    }
    const untold = members.map((alert) => asUntold(alert, quiet.has(alert.alertId)))
    const telling = converge(untold, state, pace, now.getTime())
    if (telling !== null) told += await plan(db, transaction, rule, group, members, telling, now)
    if (!rule.tellsResolved) await forgetEnds(db, transaction, members)
  }
  return told
}

/** What is open, and what is over without anybody having been told. */
async function untoldAlerts(
  db: Database,
  transaction: Transaction,
  ruleId: string,
): Promise<readonly AlertHistoryRow[]> {
  const rows = await db.tables.alertHistory.findAll({
    where: { ruleId, isEndTold: false },
    order: [['id', 'ASC']],
    transaction,
  })
  return rows.map((row) => row.get()).filter(({ ruleType }) => ruleType !== 'CHANNEL_FAILED')
}

function asUntold(alert: AlertHistoryRow, isQuiet: boolean): Untold {
  const { alertId, occurrenceCount, toldCount, isResolved, isAcknowledged } = alert
  return { alertId, occurrences: occurrenceCount, toldOccurrences: toldCount, isResolved, isAcknowledged, isQuiet }
}

async function groupState(db: Database, transaction: Transaction, groupKey: string) {
  const [row] = await db.query<{ number: number | null; at: Date | null; told: number | null }>(
    `SELECT MAX(group_number) AS number, MAX(planned_time) AS at,
            (SELECT MAX(told_number) FROM etl_alert_history WHERE group_key = :groupKey) AS told
       FROM etl_alert_notification WHERE group_key = :groupKey`,
    { groupKey },
    transaction,
  )
  // Notifications are forgotten before their alerts are: a number is not used twice.
  return { number: Math.max(row?.number ?? 0, row?.told ?? 0), lastMs: row?.at?.getTime() ?? null }
}

async function plan(
  db: Database,
  transaction: Transaction,
  rule: AlertRuleRow,
  groupKey: string,
  members: readonly AlertHistoryRow[],
  { number, kind, firing, resolved, occurrences }: Telling,
  now: Date,
): Promise<number> {
  const about = [...firing, ...resolved]
  const told = about.slice(0, SPELLED_OUT).map((id) => members.find(({ alertId }) => alertId === id)!)
  const payload: Notification = {
    notificationId: randomUUID(),
    kind,
    ruleId: rule.ruleId,
    rule: rule.ruleName,
    type: rule.ruleType,
    level: rule.alertLevel,
    at: now.toISOString(),
    occurrences,
    firing: firing.length,
    resolved: resolved.length,
    alerts: await notified(db, transaction, told),
  }
  const channels = channelsOf(rule)
  await planNotification(db, transaction, { groupKey, groupNumber: number, channels, payload, now })
  await db.execute(
    `UPDATE etl_alert_history SET told_count = occurrence_count, told_number = :number, is_end_told = is_resolved,
            notification_status = 'PENDING', notification_error = NULL WHERE alert_id IN (:about)`,
    { number, about },
    transaction,
  )
  return channels.length
}

async function notified(
  db: Database,
  transaction: Transaction,
  alerts: readonly AlertHistoryRow[],
): Promise<readonly NotifiedAlert[]> {
  const ids = alerts.map(({ jobId }) => jobId).filter((id) => id !== null)
  const jobs =
    ids.length === 0
      ? []
      : await db.tables.job.findAll({ where: { jobId: ids }, attributes: ['jobId', 'jobName'], transaction })
  const names = new Map(jobs.map((job) => [job.get().jobId, job.get().jobName]))
  return alerts.map((alert) => ({
    alertId: alert.alertId,
    state: alert.isResolved ? 'RESOLVED' : 'FIRING',
    jobId: alert.jobId,
    job: alert.jobId === null ? null : (names.get(alert.jobId) ?? null),
    executionId: alert.executionId,
    message: alert.alertMessage,
    value: alert.currentValue,
    threshold: alert.thresholdValue,
    occurrences: alert.occurrenceCount,
    since: alert.triggerTime.toISOString(),
  }))
}

async function forgetEnds(db: Database, transaction: Transaction, members: readonly AlertHistoryRow[]): Promise<void> {
  const ended = members.filter(
    ({ isResolved, occurrenceCount, toldCount }) => isResolved && toldCount >= occurrenceCount,
  )
  if (ended.length === 0) return
  const where = { alertId: ended.map(({ alertId }) => alertId) }
  await db.tables.alertHistory.update({ isEndTold: true }, { where, transaction })
}
