/** What a rule has raised is over with it: it is told to nobody any more. */
import type { Transaction } from 'sequelize'
import type { Database } from '../../database.js'

export async function endAlertsOf(
  database: Database,
  transaction: Transaction,
  ruleId: string,
  by: string,
): Promise<void> {
  await database.execute(
    `UPDATE etl_alert_history SET is_resolved = 1, resolved_by = :by, resolved_time = :now, is_end_told = 1, version = version + 1
      WHERE rule_id = :ruleId AND is_resolved = 0`,
    { ruleId, by, now: new Date() },
    transaction,
  )
  await database.execute(
    `UPDATE etl_alert_notification SET notification_status = 'FAILED', notification_error = '${NO_MORE}'
      WHERE rule_id = :ruleId AND notification_status = 'PENDING'`,
    { ruleId },
    transaction,
  )
  await database.execute(FOLLOW, { ruleId }, transaction)
}

const NO_MORE = 'The rule watches this no more.'
/** An alert is as well known as on the worst of its channels; what nobody was told of nobody will be. */
const FOLLOW = `UPDATE etl_alert_history h
  LEFT JOIN (SELECT group_key, group_number, SUM(notification_status = 'FAILED') AS failed
               FROM etl_alert_notification WHERE rule_id = :ruleId GROUP BY group_key, group_number) n
    ON n.group_key = h.group_key AND n.group_number = h.told_number
   SET h.notification_status = CASE WHEN n.failed = 0 THEN 'SENT' ELSE 'FAILED' END,
       h.notification_error = CASE WHEN n.failed = 0 THEN NULL ELSE '${NO_MORE}' END
 WHERE h.rule_id = :ruleId AND h.notification_status = 'PENDING'`
