/** Alerts that were raised: listed, acknowledged, resolved; and the rules that raise them, evaluated. */
import { Op, type WhereOptions } from 'sequelize'
import type { AlertLevel } from '../../core/alert/rule.js'
import { type AlertType, RULE_TYPE_NAMES, RULE_TYPES } from '../../core/alert/rule-types.js'
import { JobError } from '../../core/errors/job-error.js'
import type { Database } from '../database.js'
import { type Page, type PageRequest, pageOf, pageQuery } from '../page.js'
import type { AlertHistoryRow } from '../tables/alerts.js'
import { evaluate, type RuleOutcome } from './alert/evaluate.js'

export type AlertState = 'FIRING' | 'ACKNOWLEDGED' | 'RESOLVED'

export interface AlertRecord {
  readonly alertId: string
  readonly state: AlertState
  readonly ruleId: string
  readonly rule: string
  readonly type: AlertType
  readonly level: AlertLevel
  readonly jobId: string | null
  readonly executionId: string | null
  readonly message: string
  readonly value: number | null
  readonly threshold: number | null
  readonly occurrences: number
  readonly triggeredAt: string
  readonly lastTriggeredAt: string
  readonly acknowledgedBy: string | null
  readonly acknowledgedAt: string | null
  /** null of a resolved one: it resolved itself. */
  readonly resolvedBy: string | null
  readonly resolvedAt: string | null
  readonly notification: {
    readonly status: AlertHistoryRow['notificationStatus']
    readonly at: string | null
    readonly error: string | null
  }
  readonly version: number
}

export interface AlertFilter extends PageRequest {
  readonly state?: AlertState | 'OPEN' | undefined
  readonly level?: AlertLevel | undefined
  readonly type?: AlertType | undefined
  readonly ruleId?: string | undefined
  readonly jobId?: string | undefined
  readonly executionId?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

export type AlertStore = ReturnType<typeof alertStore>

export function alertStore(database: Database) {
  const { alertHistory } = database.tables
  const find = async (alertId: string): Promise<AlertRecord> => {
    const row = await alertHistory.findOne({ where: { alertId } })
    if (row === null) throw new JobError('not.found', 'There is no such alert')
    return recordOf(row.get())
  }
  return {
    find,
    async list(filter: AlertFilter): Promise<Page<AlertRecord>> {
      const { where, order, limit } = pageQuery(filter)
      const rows = await alertHistory.findAll({ where: { [Op.and]: [where, ...conditionsOf(filter)] }, order, limit })
      return pageOf(
        rows.map((row) => row.get()),
        filter,
        recordOf,
      )
    },
    /** Somebody sees to it: it is not told again. Asked again, it stays as it is. */
    async acknowledge(alertId: string, by: string): Promise<AlertRecord> {
      const known = await find(alertId)
      if (known.state === 'RESOLVED') throw new JobError('conflict', 'The alert is resolved already.')
      await database.execute(
        `UPDATE etl_alert_history SET is_acknowledged = 1, acknowledged_by = :by, acknowledged_time = :now, version = version + 1
          WHERE alert_id = :alertId AND is_resolved = 0 AND is_acknowledged = 0`,
        { alertId, by, now: new Date() },
      )
      return await find(alertId)
    },
    /** What holds still is raised anew by the next evaluation. */
    async resolve(alertId: string, by: string): Promise<AlertRecord> {
      await find(alertId)
      await database.execute(
        `UPDATE etl_alert_history SET is_resolved = 1, resolved_by = :by, resolved_time = :now, version = version + 1
          WHERE alert_id = :alertId AND is_resolved = 0`,
        { alertId, by, now: new Date() },
      )
      return await find(alertId)
    },
    /** Of enabled rules, the worst first: a worse alert keeps the others of its job quiet. */
    async rulesToEvaluate(which: 'ALL' | 'AT_ONCE'): Promise<readonly string[]> {
      const types = RULE_TYPE_NAMES.filter((type) => which === 'ALL' || RULE_TYPES[type].isAtOnce)
      const rows = await database.query<{ ruleId: string }>(
        `SELECT rule_id AS ruleId FROM etl_alert_rule WHERE is_enabled = 1 AND rule_type IN (:types)
          ORDER BY FIELD(alert_level, 'CRITICAL', 'ERROR', 'WARNING', 'INFO'), id`,
        { types: [...types] },
      )
      return rows.map(({ ruleId }) => ruleId)
    },
    evaluate: (ruleId: string, now: Date): Promise<RuleOutcome> => evaluate(database, ruleId, now),
  }
}

function conditionsOf(filter: AlertFilter): readonly WhereOptions[] {
  const { state, level, type, ruleId, jobId, executionId, from, to } = filter
  const equal = { alertLevel: level, ruleType: type, ruleId, jobId, executionId }
  const given = Object.entries(equal).flatMap(([key, value]) => (value === undefined ? [] : [{ [key]: value }]))
  const open = { isResolved: false }
  const ofState = {
    OPEN: open,
    FIRING: { ...open, isAcknowledged: false },
    ACKNOWLEDGED: { ...open, isAcknowledged: true },
    RESOLVED: { isResolved: true },
  }
  return [
    ...given,
    ...(state === undefined ? [] : [ofState[state]]),
    ...(from === undefined ? [] : [{ triggerTime: { [Op.gte]: new Date(from) } }]),
    ...(to === undefined ? [] : [{ triggerTime: { [Op.lt]: new Date(to) } }]),
  ]
}

function recordOf(row: AlertHistoryRow): AlertRecord {
  return {
    alertId: row.alertId,
    state: row.isResolved ? 'RESOLVED' : row.isAcknowledged ? 'ACKNOWLEDGED' : 'FIRING',
    ruleId: row.ruleId,
    rule: row.ruleName,
    type: row.ruleType,
    level: row.alertLevel,
    jobId: row.jobId,
    executionId: row.executionId,
    message: row.alertMessage,
    value: row.currentValue,
    threshold: row.thresholdValue,
    occurrences: row.occurrenceCount,
    triggeredAt: row.triggerTime.toISOString(),
    lastTriggeredAt: row.lastTriggerTime.toISOString(),
    acknowledgedBy: row.acknowledgedBy,
    acknowledgedAt: row.acknowledgedTime?.toISOString() ?? null,
    resolvedBy: row.resolvedBy,
    resolvedAt: row.resolvedTime?.toISOString() ?? null,
    notification: {
      status: row.notificationStatus,
      at: row.notificationTime?.toISOString() ?? null,
      error: row.notificationError,
    },
    version: row.version,
  }
}
