/** One rule: measured, judged, and what there is to say written down, in one transaction that holds the rule. */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'sequelize'
import { groupKeyOf } from '../../../core/alert/converge.js'
import { type Evaluated, evaluateRule, type OpenAlert } from '../../../core/alert/evaluate.js'
import { FLAP_WINDOW_MS } from '../../../core/alert/flapping.js'
import { comparisonOf } from '../../../core/alert/rule-types.js'
import type { Database } from '../../database.js'
import type { AlertRuleRow } from '../../tables/alerts.js'
import { measure } from './readings.js'
import { tell } from './tell.js'

export interface RuleOutcome {
  readonly raised: number
  readonly resolved: number
  /** Notifications that are to be delivered now. */
  readonly told: number
}

export async function evaluate(db: Database, ruleId: string, now: Date): Promise<RuleOutcome> {
  return await db.transaction(async (transaction) => {
    const rule = await lockRule(db, transaction, ruleId)
    if (rule === null || !rule.isEnabled) return { raised: 0, resolved: 0, told: 0 }
    const { ruleType: type, jobId, jobTag: tag } = rule
    const watched = { ruleId, type, jobId, tag, activeSince: rule.activeSince ?? rule.createTime, now }
    const readings = await measure(db, watched, transaction)
    const open = await openAlerts(db, transaction, ruleId, now)
    const judged = evaluateRule(conditionOf(rule), readings, open, rule.pendingSubjects ?? {}, now.getTime())
    await store(db, transaction, rule, judged, now)
    const told = await tell(db, transaction, rule, now)
    return { raised: judged.raised.length, resolved: judged.resolved.length, told }
  })
}

export function conditionOf({ ruleType, conditionOperator, thresholdValue, windowSeconds }: AlertRuleRow) {
  return { ...comparisonOf(ruleType, conditionOperator, thresholdValue), forMs: windowSeconds * 1000 }
}

async function lockRule(db: Database, transaction: Transaction, ruleId: string): Promise<AlertRuleRow | null> {
  const lock = transaction.LOCK.UPDATE
  return (await db.tables.alertRule.findOne({ where: { ruleId }, transaction, lock }))?.get() ?? null
}

async function openAlerts(
  db: Database,
  transaction: Transaction,
  ruleId: string,
  now: Date,
): Promise<readonly OpenAlert[]> {
  const rows = await db.query<Omit<OpenAlert, 'clearSinceMs'> & { clearSince: Date | null }>(
    `SELECT h.alert_id AS alertId, h.subject, h.occurrence_count AS occurrences, h.current_value AS value,
            h.clear_since AS clearSince,
            (SELECT COUNT(*) FROM etl_alert_history b WHERE b.fingerprint = h.fingerprint AND b.create_time >= :lately) AS raisedLately
       FROM etl_alert_history h
      WHERE h.rule_id = :ruleId AND h.is_resolved = 0 AND h.rule_type <> 'CHANNEL_FAILED'`,
    { ruleId, lately: new Date(now.getTime() - FLAP_WINDOW_MS) },
    transaction,
  )
  return rows.map(({ clearSince, raisedLately, ...alert }) => ({
    ...alert,
    raisedLately: Number(raisedLately),
    clearSinceMs: clearSince?.getTime() ?? null,
  }))
}

async function store(db: Database, transaction: Transaction, rule: AlertRuleRow, judged: Evaluated, now: Date) {
  const { ruleId, ruleName, ruleType, alertLevel, groupBy } = rule
  const { alertHistory } = db.tables
  const { threshold } = conditionOf(rule)
  const rows = judged.raised.map((one) => ({
    alertId: randomUUID(),
    ruleId,
    ruleName,
    ruleType,
    alertLevel,
    jobId: one.jobId,
    executionId: one.executionId,
    alertMessage: one.message,
    fingerprint: `${ruleId}/${one.subject}`,
    subject: one.subject,
    groupKey: groupKeyOf(ruleId, groupBy, one.jobId),
    currentValue: one.value,
    thresholdValue: threshold,
    occurrenceCount: one.occurrences,
    triggerTime: new Date(one.atMs),
    lastTriggerTime: new Date(one.lastMs ?? now.getTime()),
  }))
  if (rows.length > 0) await alertHistory.bulkCreate(rows, { transaction })
  for (const { alertId, reading } of judged.changed)
    await db.execute(
      `UPDATE etl_alert_history SET execution_id = :executionId, alert_message = :message, current_value = :value,
              occurrence_count = GREATEST(occurrence_count, :occurrences), last_trigger_time = :last, clear_since = NULL
        WHERE alert_id = :alertId`,
      { alertId, ...reading, last: new Date(reading.lastMs ?? now.getTime()) },
      transaction,
    )
  if (judged.cleared.length > 0)
    await alertHistory.update({ clearSince: now }, { where: { alertId: [...judged.cleared] }, transaction })
  if (judged.resolved.length > 0)
    await db.execute(
      `UPDATE etl_alert_history SET is_resolved = 1, resolved_time = :now, version = version + 1 WHERE alert_id IN (:ids)`,
      { ids: [...judged.resolved], now },
      transaction,
    )
  const pendingSubjects = Object.keys(judged.pending).length === 0 ? null : judged.pending
  await db.tables.alertRule.update({ lastEvaluatedTime: now, pendingSubjects }, { where: { ruleId }, transaction })
}
