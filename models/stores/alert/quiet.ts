/** Which alerts of a rule nobody is told of for now, and why. */
import type { Transaction } from 'sequelize'
import { isInhibited, isSilenced, type Silence } from '../../../core/alert/quiet.js'
import { type AlertLevel, isHigher } from '../../../core/alert/rule.js'
import type { Database } from '../../database.js'
import type { AlertHistoryRow, AlertRuleRow } from '../../tables/alerts.js'

/** Why nobody is told of an alert now, by its id. */
export async function quietOnes(
  db: Database,
  transaction: Transaction,
  rule: AlertRuleRow,
  alerts: readonly AlertHistoryRow[],
  now: Date,
): Promise<ReadonlyMap<string, string>> {
  const hasChannels = Object.keys(rule.notificationConfig ?? {}).length > 0
  const silences = await activeSilences(db, transaction, now)
  const worst = await worstLevels(db, transaction)
  const reasons = alerts.flatMap((alert): [string, string][] => {
    const level = alert.jobId === null ? null : (worst.get(alert.jobId) ?? null)
    if (!hasChannels) return [[alert.alertId, 'The rule has no channels.']]
    if (isSilenced(alert, silences, now.getTime())) return [[alert.alertId, 'Silenced.']]
    if (isInhibited({ level: alert.alertLevel }, level))
      return [[alert.alertId, `An alert of level ${level} fires for the same job.`]]
    return []
  })
  return new Map(reasons)
}

/** The end of what nobody has heard of is told to nobody. */
export async function noteQuiet(
  db: Database,
  transaction: Transaction,
  alerts: readonly AlertHistoryRow[],
  quiet: ReadonlyMap<string, string>,
): Promise<void> {
  for (const { alertId, toldCount, isResolved, notificationStatus, notificationError } of alerts) {
    const reason = quiet.get(alertId)
    if (reason === undefined || toldCount > 0) continue
    if (notificationStatus === 'SILENCED' && notificationError === reason && !isResolved) continue
    await db.tables.alertHistory.update(
      { notificationStatus: 'SILENCED', notificationError: reason, isEndTold: isResolved },
      { where: { alertId }, transaction },
    )
  }
}

async function activeSilences(db: Database, transaction: Transaction, now: Date): Promise<readonly Silence[]> {
  const rows = await db.query<{ ruleId: string | null; jobId: string | null; startTime: Date; endTime: Date }>(
    `SELECT rule_id AS ruleId, job_id AS jobId, start_time AS startTime, end_time AS endTime
       FROM etl_alert_silence WHERE end_time > :now`,
    { now },
    transaction,
  )
  return rows.map(({ ruleId, jobId, startTime, endTime }) => ({
    ruleId,
    jobId,
    startMs: startTime.getTime(),
    endMs: endTime.getTime(),
  }))
}

async function worstLevels(db: Database, transaction: Transaction): Promise<ReadonlyMap<string, AlertLevel>> {
  const rows = await db.query<{ jobId: string; level: AlertLevel }>(
    `SELECT DISTINCT job_id AS jobId, alert_level AS level FROM etl_alert_history WHERE open_fingerprint IS NOT NULL AND job_id IS NOT NULL`,
    {},
    transaction,
  )
  const worst = new Map<string, AlertLevel>()
  for (const { jobId, level } of rows) {
    const known = worst.get(jobId)
    if (known === undefined || isHigher(level, known)) worst.set(jobId, level)
  }
  return worst
}
