/** A channel that tells nobody any more raises an alert of its own, told on the other channels of its rule. */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'sequelize'
import type { Notification } from '../../../core/alert/notification.js'
import { CHANNEL_FAILED } from '../../../core/alert/rule-types.js'
import type { Database } from '../../database.js'
import type { AlertHistoryRow, AlertNotificationRow, AlertRuleRow } from '../../tables/alerts.js'

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
    if (known !== null) {
      await db.execute(
        `UPDATE etl_alert_history SET occurrence_count = occurrence_count + 1, told_count = told_count + 1,
                last_trigger_time = :now, alert_message = :message WHERE alert_id = :alertId`,
        { now, message, alertId: known.alertId },
        transaction,
      )
      return
    }
    const isOwn = groupKey.includes('/channel/')
    const others = isOwn ? [] : await working(db, transaction, rule, channelName)
    const group = `${ruleId}/channel/${channelName}`
    const number = (await newestNumber(db, transaction, group)) + 1
    const alert = {
      alertId: randomUUID(),
      ...alertOf(rule, channelName, message, now),
      groupKey: group,
      toldNumber: number,
    }
    const isTold = others.length > 0
    await db.tables.alertHistory.create(
      {
        ...alert,
        toldCount: 1,
        isEndTold: true,
        notificationStatus: isTold ? 'PENDING' : 'FAILED',
        notificationError: isTold ? null : 'No other channel of the rule works.',
      },
      { transaction },
    )
    const notificationId = randomUUID()
    const payload: Notification = {
      notificationId,
      kind: 'FIRING',
      ruleId,
      rule: rule.ruleName,
      type: CHANNEL_FAILED,
      level: 'ERROR',
      at: now.toISOString(),
      occurrences: 1,
      firing: 1,
      resolved: 0,
      alerts: [
        {
          alertId: alert.alertId,
          state: 'FIRING',
          jobId: null,
          job: null,
          executionId: null,
          message,
          value: null,
          threshold: null,
          occurrences: 1,
          since: now.toISOString(),
        },
      ],
    }
    const rows = others.map(([name, channelType]) => ({
      notificationId,
      groupKey: group,
      groupNumber: number,
      ruleId,
      channelName: name,
      channelType,
      payload,
      plannedTime: now,
      nextAttemptTime: now,
    }))
    await db.tables.alertNotification.bulkCreate(rows, { transaction })
  })
}

export async function channelWorks(db: Database, ruleId: string, channelName: string, now: Date): Promise<void> {
  await db.execute(
    `UPDATE etl_alert_history SET is_resolved = 1, resolved_time = :now, version = version + 1
      WHERE fingerprint = :fingerprint AND is_resolved = 0`,
    { fingerprint: fingerprintOf(ruleId, channelName), now },
  )
}

const fingerprintOf = (ruleId: string, channelName: string) => `${ruleId}/channel/${channelName}`

function alertOf(rule: AlertRuleRow, channelName: string, alertMessage: string, now: Date): Partial<AlertHistoryRow> {
  return {
    ruleId: rule.ruleId,
    ruleName: rule.ruleName,
    ruleType: CHANNEL_FAILED,
    alertLevel: 'ERROR',
    alertMessage,
    fingerprint: fingerprintOf(rule.ruleId, channelName),
    subject: `channel/${channelName}`,
    occurrenceCount: 1,
    triggerTime: now,
    lastTriggerTime: now,
  }
}

async function openOne(db: Database, transaction: Transaction, ruleId: string, channelName: string) {
  const where = { fingerprint: fingerprintOf(ruleId, channelName), isResolved: false }
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
  const channels = Object.entries(rule.notificationConfig ?? {}) as [string, { type: 'EMAIL' | 'SMS' | 'WEBHOOK' }][]
  const works: [string, 'EMAIL' | 'SMS' | 'WEBHOOK'][] = []
  for (const [name, { type }] of channels)
    if (name !== failed && (await openOne(db, transaction, rule.ruleId, name)) === null) works.push([name, type])
  return works
}
