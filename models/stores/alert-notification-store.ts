/** Notifications on their way: claimed by one sender at a time, and marked once they have arrived. */
import { Op } from 'sequelize'
import type { Notification } from '../../core/alert/notification.js'
import { retryDelayMs } from '../../core/alert/retry.js'
import type { Database } from '../database.js'
import type { AlertNotificationRow } from '../tables/alerts.js'
import { channelFailed, channelWorks } from './alert/channel-alerts.js'

export interface Due {
  readonly id: string
  readonly ruleId: string
  readonly channelName: string
}

/** Longer than any attempt takes: whoever dies while sending has it sent again by another. */
const CLAIM_MS = 120_000
const MOST_DUE = 1000
/** Of each channel the oldest, so that what is told comes in its order; what failed before comes last. */
const DUE = `SELECT n.id, n.rule_id AS ruleId, n.channel_name AS channelName FROM etl_alert_notification n
  WHERE n.notification_status = 'PENDING' AND n.next_attempt_time <= :now
    AND (n.claimed_until IS NULL OR n.claimed_until <= :now)
    AND NOT EXISTS (SELECT 1 FROM etl_alert_notification b
      WHERE b.rule_id = n.rule_id AND b.channel_name = n.channel_name AND b.notification_status = 'PENDING' AND b.id < n.id)
  ORDER BY n.failure_count, n.id LIMIT ${MOST_DUE}`
const CLAIM = `UPDATE etl_alert_notification SET claimed_until = :until
  WHERE id = :id AND notification_status = 'PENDING' AND next_attempt_time <= :now AND (claimed_until IS NULL OR claimed_until <= :now)`
const KEPT_MS = 30 * 24 * 3_600_000

export type AlertNotificationStore = ReturnType<typeof alertNotificationStore>

export function alertNotificationStore(database: Database) {
  const { alertNotification } = database.tables
  const get = async (id: string): Promise<AlertNotificationRow | null> =>
    (await alertNotification.findOne({ where: { id } }))?.get() ?? null
  return {
    /** Those whose time has come and that nobody is sending: of each channel one. */
    async due(now: Date): Promise<readonly Due[]> {
      return (await database.query<Due>(DUE, { now })).map((one) => ({ ...one, id: String(one.id) }))
    },
    /** For the caller alone, for a while. null: somebody else has it. */
    async claim(id: string, now: Date): Promise<Notification | null> {
      const changed = await database.execute(CLAIM, { id, now, until: new Date(now.getTime() + CLAIM_MS) })
      return changed === 0 ? null : ((await get(id))?.payload ?? null)
    },
    async sent(id: string, now: Date): Promise<void> {
      const row = await get(id)
      if (row === null) return
      await alertNotification.update(
        { notificationStatus: 'SENT', sentTime: now, claimedUntil: null, notificationError: null },
        { where: { id } },
      )
      await mirror(database, row, now)
      await channelWorks(database, row.ruleId, row.channelName, now)
    },
    /** Tried again later, unless nothing can help or it was tried often enough: then the channel raises its own alert. */
    async failed(id: string, message: string, mayPass: boolean, now: Date): Promise<void> {
      const row = await get(id)
      if (row === null || row.notificationStatus !== 'PENDING') return
      const failureCount = row.failureCount + 1
      const delayMs = mayPass ? retryDelayMs(failureCount) : null
      const told = { failureCount, claimedUntil: null, notificationError: message.slice(0, 2000) }
      if (delayMs !== null) {
        await alertNotification.update(
          { ...told, nextAttemptTime: new Date(now.getTime() + delayMs) },
          { where: { id } },
        )
        return
      }
      await alertNotification.update({ ...told, notificationStatus: 'FAILED' }, { where: { id } })
      await mirror(database, row, now)
      await channelFailed(database, row, message, now)
    },
    /** When the next attempt is due, of those that are not yet; null: there is none. */
    async nextDue(now: Date): Promise<Date | null> {
      const [row] = await database.query<{ at: Date | null }>(
        `SELECT MIN(GREATEST(next_attempt_time, COALESCE(claimed_until, next_attempt_time))) AS at
           FROM etl_alert_notification
          WHERE notification_status = 'PENDING' AND (next_attempt_time > :now OR claimed_until > :now)`,
        { now },
      )
      const at = row?.at ?? null
      return at === null || at instanceof Date ? at : new Date(`${String(at).replace(' ', 'T')}Z`)
    },
    async forgetOld(now: Date): Promise<void> {
      await alertNotification.destroy({
        where: {
          plannedTime: { [Op.lt]: new Date(now.getTime() - KEPT_MS) },
          notificationStatus: { [Op.ne]: 'PENDING' },
        },
        limit: 1000,
      })
    },
  }
}

/** The alerts that it tells of are as well known as on the worst of its channels. */
async function mirror(database: Database, { groupKey, groupNumber }: AlertNotificationRow, now: Date): Promise<void> {
  await database.execute(
    `UPDATE etl_alert_history h
       JOIN (SELECT CASE WHEN SUM(notification_status = 'PENDING') > 0 THEN 'PENDING'
                         WHEN SUM(notification_status = 'FAILED') > 0 THEN 'FAILED' ELSE 'SENT' END AS status,
                    MAX(notification_error) AS error
               FROM etl_alert_notification WHERE group_key = :groupKey AND group_number = :groupNumber) n
        SET h.notification_status = n.status, h.notification_error = n.error,
            h.notification_time = CASE WHEN n.status = 'SENT' THEN :now ELSE h.notification_time END
      WHERE h.group_key = :groupKey AND h.told_number = :groupNumber`,
    { groupKey, groupNumber, now },
  )
}
