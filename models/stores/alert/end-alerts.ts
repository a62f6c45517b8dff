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
    `UPDATE etl_alert_notification SET notification_status = 'FAILED', notification_error = 'The rule watches this no more.'
      WHERE rule_id = :ruleId AND notification_status = 'PENDING'`,
    { ruleId },
    transaction,
  )
}
