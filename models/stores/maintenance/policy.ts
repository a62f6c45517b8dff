/** The settings that the house is kept by, as they are now. */
import { ARCHIVES, type Archive, type HousePolicy } from '../../../core/maintenance/policy.js'
import { HOUSE_SETTINGS } from '../../schema/house.js'
import type { HouseConnection } from './house-connection.js'

export async function housePolicy(house: HouseConnection): Promise<HousePolicy> {
  const rows = await house.query<{ name: string; value: string | null }>(
    'SELECT config_key AS name, config_value AS value FROM etl_system_config',
  )
  const values = new Map(rows.map(({ name, value }) => [name, value]))
  /** Held to its range: an age that nobody meant must not remove what is young. */
  const number = (key: string) => {
    const known = HOUSE_SETTINGS.find((setting) => setting.key === key)
    const value = Number(values.get(key) ?? known?.value)
    const sensible = Number.isFinite(value) ? value : Number(known?.value)
    return Math.min(Math.max(sensible, known?.least ?? 0), known?.most ?? sensible)
  }
  const days = (name: string) => number(`retention.${name}_days`)
  const archive = values.get('retention.archive') ?? 'NONE'
  return {
    archive: ARCHIVES.includes(archive as Archive) ? (archive as Archive) : 'NONE',
    monthsAhead: number('maintenance.months_ahead'),
    metricsDays: days('metrics'),
    operationLogDays: days('operation_log'),
    executionsDays: days('executions'),
    checkpointsDays: days('checkpoints'),
    alertsDays: days('alerts'),
    executionEventsDays: days('execution_events'),
    triggerEventsDays: days('trigger_events'),
    deadLettersDays: days('dead_letters'),
    workersDays: days('workers'),
    runsDays: days('maintenance_runs'),
    batchRows: number('retention.batch_rows'),
    orphanGraceHours: number('maintenance.orphan_grace_hours'),
    optimizeLeastMb: number('maintenance.optimize_least_mb'),
    optimizeLeastPercent: number('maintenance.optimize_least_percent'),
    leastFreeDiskPercent: number('watch.least_free_disk_percent'),
    mostDatabaseMb: number('watch.most_database_mb'),
    mostSlowQueriesPerHour: number('watch.most_slow_queries_per_hour'),
  }
}
