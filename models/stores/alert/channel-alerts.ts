/** A channel that tells nobody any more raises an alert of its own, told on the other channels of its rule. */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'sequelize'
import type { Notification } from '../../../core/alert/notification.js'
import { CHANNEL_FAILED } from '../../../core/alert/rule-types.js'
import type { Database } from '../../database.js'
import type { AlertHistoryRow, AlertNotificationRow, AlertRuleRow } from '../../tables/alerts.js'
import { type ChannelKind, channelsOf, planNotification } from './plan-notification.js'

/** Failed again: the same alert. What it told itself it tells on no channel twice. */
export async function channelFailed(
  db: Database,
  { ruleId, channelName, groupKey }: AlertNotificationRow,
  error: string,
  now: Date,
): Promise<void> {
  await db.transaction(async (transaction) => {
    const lock = transaction.LOCK.UPDATE
    const rule = (await db.tables.alertRule.findOne({ where: { ruleId }, transaction, lock }))?.get()
    if (rule === undefined) return
    const message = `The channel ${channelName} of the rule ${rule.ruleName} tells nobody: ${error}`
    const known = await openOne(db, transaction, ruleId, channelName)
    if (known !== null) return await failedAgain(db, transaction, known.alertId, message, now)
    const isOwn = groupKey.includes('/channel/')
    const others = isOwn ? [] : await working(db, transaction, rule, channelName)
    await raise(db, transaction, rule, { channelName, others, message, now })
  })
}

export async function channelWorks(db: Database, ruleId: string, channelName: string, now: Date): Promise<void> {
  await db.execute(
    `UPDATE etl_alert_history SET is_resolved = 1, resolved_time = :now, version = version + 1
      WHERE fingerprint = :fingerprint AND is_resolved = 0`,
    { fingerprint: placeOf(ruleId, channelName), now },
  )
}

/** Fingerprint of its alert, and the group in which that is told. */
const placeOf = (ruleId: string, channelName: string) => `${ruleId}/channel/${channelName}`

async function failedAgain(
  db: Database,
  transaction: Transaction,
  alertId: string,
  message: string,
  now: Date,
): Promise<void> {
  await db.execute(
    `UPDATE etl_alert_history SET occurrence_count = occurrence_count + 1, told_count = told_count + 1,
            last_trigger_time = :now, alert_message = :message WHERE alert_id = :alertId`,
    { now, message, alertId },
    transaction,
  )
}

interface Failure {
  readonly channelName: string
  /** Channels on which it is told. */
  readonly others: readonly ChannelKind[]
  readonly message: string
  readonly now: Date
}

async function raise(
  db: Database,
  transaction: Transaction,
  rule: AlertRuleRow,
  { channelName, others, message, now }: Failure,
): Promise<void> {
  const groupKey = placeOf(rule.ruleId, channelName)
  const groupNumber = (await newestNumber(db, transaction, groupKey)) + 1
  const alertId = randomUUID()
  const isTold = others.length > 0
  const alert: Partial<AlertHistoryRow> = {
    alertId,
    ruleId: rule.ruleId,
    ruleName: rule.ruleName,
    ruleType: CHANNEL_FAILED,
    alertLevel: 'ERROR',
    alertMessage: message,
    fingerprint: groupKey,
    subject: `channel/${channelName}`,
    groupKey,
    occurrenceCount: 1,
    toldCount: 1,
    toldNumber: groupNumber,
    isEndTold: true,
    triggerTime: now,
    lastTriggerTime: now,
    notificationStatus: isTold ? 'PENDING' : 'FAILED',
    notificationError: isTold ? null : 'No other channel of the rule works.',
  }
  await db.tables.alertHistory.create(alert, { transaction })
  const payload = notificationOf(rule, alertId, message, now)
  await planNotification(db, transaction, { groupKey, groupNumber, channels: others, payload, now })
}

function notificationOf(rule: AlertRuleRow, alertId: string, message: string, now: Date): Notification {
  const at = now.toISOString()
  const about = { jobId: null, job: null, executionId: null, value: null, threshold: null }
  return {
    notificationId: randomUUID(),
    kind: 'FIRING',
    ruleId: rule.ruleId,
    rule: rule.ruleName,
    type: CHANNEL_FAILED,
    level: 'ERROR',
    at,
    occurrences: 1,
    firing: 1,
    resolved: 0,
    alerts: [{ alertId, state: 'FIRING', ...about, message, occurrences: 1, since: at }],
  }
}

async function openOne(db: Database, transaction: Transaction, ruleId: string, channelName: string) {
  const where = { fingerprint: placeOf(ruleId, channelName), isResolved: false }
  return (await db.tables.alertHistory.findOne({ where, transaction }))?.get() ?? null
}

async function newestNumber(db: Database, transaction: Transaction, groupKey: string): Promise<number> {
  const [newest] = await db.query<{ number: number | null }>(
    'SELECT MAX(told_number) AS number FROM etl_alert_history WHERE group_key = :groupKey',
    { groupKey },
    transaction,
  )
  return newest?.number ?? 0
}

/** The other channels of the rule that have no such alert themselves. */
async function working(db: Database, transaction: Transaction, rule: AlertRuleRow, failed: string) {
  const works: ChannelKind[] = []
  for (const [name, type] of channelsOf(rule))
    if (name !== failed && (await openOne(db, transaction, rule.ruleId, name)) === null) works.push([name, type])
  return works
}
