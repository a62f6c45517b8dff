/** A notification is put on its way: a row for each channel, delivered later by whoever claims it. */
import type { Transaction } from 'sequelize'
import type { Channel } from '../../../core/alert/channel.js'
import type { Notification } from '../../../core/alert/notification.js'
import type { Database } from '../../database.js'
import type { AlertRuleRow } from '../../tables/alerts.js'

export type ChannelKind = readonly [name: string, type: Channel['type']]

interface Planned {
  readonly groupKey: string
  readonly groupNumber: number
  readonly channels: readonly ChannelKind[]
  readonly payload: Notification
  readonly now: Date
}

export async function planNotification(db: Database, transaction: Transaction, planned: Planned): Promise<void> {
  const { groupKey, groupNumber, channels, payload, now } = planned
  const rows = channels.map(([channelName, channelType]) => ({
    notificationId: payload.notificationId,
    groupKey,
    groupNumber,
    ruleId: payload.ruleId,
    channelName,
    channelType,
    payload,
    plannedTime: now,
    nextAttemptTime: now,
  }))
  await db.tables.alertNotification.bulkCreate(rows, { transaction })
}

export function channelsOf({ notificationConfig }: AlertRuleRow): readonly ChannelKind[] {
  const channels = (notificationConfig ?? {}) as Readonly<Record<string, Pick<Channel, 'type'>>>
  return Object.entries(channels).map(([name, { type }]) => [name, type])
}
