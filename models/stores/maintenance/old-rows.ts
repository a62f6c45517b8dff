/** Old rows of tables that grow: which they are, and how a batch of them goes. */
import { daysBefore, type HousePolicy } from '../../../core/maintenance/policy.js'
import { copyToArchive, prepareArchive } from './archive-table.js'
import type { HouseConnection } from './house-connection.js'

export interface OldRows {
  readonly what: string
  readonly table: string
  readonly where: string
  readonly values: Readonly<Record<string, unknown>>
  readonly isArchived: boolean
}

/** Tables whose rows nothing else hangs on. */
export function looseRows(policy: HousePolicy, nowMs: number): readonly OldRows[] {
  const of = (what: string, table: string, where: string, days: number, isArchived = false): OldRows => ({
    what,
    table,
    where,
    values: { before: daysBefore(nowMs, days) },
    isArchived,
  })
  const { alertsDays, executionEventsDays, triggerEventsDays, deadLettersDays, workersDays, runsDays } = policy
  return [
    of('alerts', 'etl_alert_history', 'is_resolved = 1 AND trigger_time < :before', alertsDays, true),
    of('timeline events', 'etl_execution_event', 'event_time < :before', executionEventsDays, true),
    of(
      'dead letters',
      'etl_dead_letter',
      "create_time < :before AND dead_letter_status <> 'REPLAYING'",
      deadLettersDays,
      true,
    ),
    of('trigger events', 'etl_trigger_event', 'create_time < :before AND is_handled = 1', triggerEventsDays),
    of('idempotency keys', 'etl_idempotency_key', 'expire_time < :before', 0),
    of('tokens', 'etl_api_token', '(expire_time < :before OR revoked_time < :before)', 1),
    of('workers', 'etl_worker', 'heartbeat_time < :before', workersDays),
    of('maintenance runs', 'etl_maintenance_run', 'start_time < :before AND is_running IS NULL', runsDays),
  ]
}

/** Checkpoints that gave up their state, or never had one, below what a lineage goes on from; their epochs stay used. */
export function spentCheckpoints({ checkpointsDays }: HousePolicy, nowMs: number): OldRows {
  return {
    what: 'checkpoints',
    table: 'etl_checkpoint',
    where: `trigger_time < :before AND checkpoint_type = 'PERIODIC'
        AND (state_discarded = 1 OR checkpoint_status <> 'COMPLETED')
        AND epoch < (SELECT MAX(n.epoch) FROM etl_checkpoint n
                      WHERE n.lineage_id = etl_checkpoint.lineage_id AND n.checkpoint_status = 'COMPLETED')
        AND checkpoint_id NOT IN (SELECT forked_from_checkpoint_id FROM etl_lineage WHERE forked_from_checkpoint_id IS NOT NULL)`,
    values: { before: daysBefore(nowMs, checkpointsDays) },
    isArchived: true,
  }
}

/** Executions that others have gone on after, in their lineage, and that no checkpoint names any more. */
export function overtakenExecutions({ executionsDays }: HousePolicy, nowMs: number): OldRows {
  return {
    what: 'executions',
    table: 'etl_job_execution',
    where: `end_time < :before
        AND execution_status IN ('COMPLETED', 'FAILED', 'CANCELLED')
        AND id < (SELECT MAX(n.id) FROM etl_job_execution n WHERE n.lineage_id = etl_job_execution.lineage_id)
        AND NOT EXISTS (SELECT 1 FROM etl_checkpoint c WHERE c.execution_id = etl_job_execution.execution_id)
        AND NOT EXISTS (SELECT 1 FROM etl_execution_event v WHERE v.execution_id = etl_job_execution.execution_id)
        AND execution_id NOT IN (SELECT latest_execution_id FROM etl_job WHERE latest_execution_id IS NOT NULL)`,
    values: { before: daysBefore(nowMs, executionsDays) },
    isArchived: true,
  }
}

export async function countRows(house: HouseConnection, { table, where, values }: OldRows): Promise<number> {
  const [found] = await house.query<{ held: string }>(`SELECT COUNT(*) AS held FROM ${table} WHERE ${where}`, values)
  return Number(found?.held ?? 0)
}

/** Their ids, oldest first. */
export async function oldestIds(
  house: HouseConnection,
  { table, where, values }: OldRows,
  most: number,
): Promise<readonly string[]> {
  const rows = await house.query<{ id: string }>(
    `SELECT id FROM ${table} WHERE ${where} ORDER BY id LIMIT ${Math.trunc(most)}`,
    values,
  )
  return rows.map(({ id }) => String(id))
}

/** All of them or none; with `copy`, they are in `<table>_archive` then. */
export async function removeIds(
  house: HouseConnection,
  { table }: OldRows,
  ids: readonly string[],
  copy: boolean,
): Promise<number> {
  if (ids.length === 0) return 0
  if (!copy) return await house.execute(`DELETE FROM ${table} WHERE id IN (:ids)`, { ids })
  await prepareArchive(house, table)
  return await house.transaction(async () => {
    await copyToArchive(house, table, 'WHERE id IN (:ids)', { ids })
    return await house.execute(`DELETE FROM ${table} WHERE id IN (:ids)`, { ids })
  })
}

/** All rows of one lineage, children first. */
export function partsOfLineage(lineageId: string): readonly OldRows[] {
  const of = (what: string, table: string, where: string): OldRows => ({
    what,
    table,
    where,
    values: { lineageId },
    isArchived: true,
  })
  const mine = 'SELECT execution_id FROM etl_job_execution WHERE lineage_id = :lineageId'
  return [
    of('timeline events', 'etl_execution_event', `execution_id IN (${mine})`),
    of('checkpoints', 'etl_checkpoint', 'lineage_id = :lineageId'),
    of('executions', 'etl_job_execution', 'lineage_id = :lineageId'),
  ]
}
