/**
 * Every step of the schema, in order. A step that was released is never edited; a change is a new step, and each of its
 * statements must stand being run twice (IF NOT EXISTS, INSERT IGNORE).
 */
import { access } from './access.js'
import { alertDelivery, alertTables } from './alerts.js'
import { auditChain } from './audit.js'
import { checkpointRetention, checkpointTables, restartAcrossVersions } from './checkpoints.js'
import { connectorTables, connectorVersions } from './connectors.js'
import { deadLetterReplay, executionTables } from './executions.js'
import { graphTables } from './graphs.js'
import { houseTables } from './house.js'
import { jobTables } from './jobs.js'
import { metricBytes, metricTables, operatorShares, samples } from './metrics.js'
import { CREATED, ID, name, tail } from './parts.js'
import { scheduleTables, scheduleTroubles } from './schedules.js'
import { systemTables } from './system.js'
import { triggers } from './triggers.js'
import { userTables } from './users.js'

export interface Migration {
  readonly name: string
  /** `at` decides which months partitions begin with. */
  readonly statements: (at: Date) => readonly string[]
}

export const MIGRATIONS: readonly Migration[] = [
  { name: '0001-jobs', statements: jobTables },
  { name: '0002-executions', statements: executionTables },
  { name: '0003-graphs', statements: graphTables },
  { name: '0004-connectors', statements: connectorTables },
  { name: '0005-checkpoints', statements: checkpointTables },
  { name: '0006-metrics', statements: metricTables },
  { name: '0007-system', statements: systemTables },
  { name: '0008-alerts', statements: alertTables },
  { name: '0009-users', statements: userTables },
  { name: '0010-checkpoint-retention', statements: checkpointRetention },
  { name: '0011-operator-shares', statements: operatorShares },
  { name: '0012-dead-letter-replay', statements: deadLetterReplay },
  { name: '0013-restart-across-versions', statements: restartAcrossVersions },
  { name: '0014-connector-versions', statements: connectorVersions },
  { name: '0015-schedules', statements: scheduleTables },
  { name: '0016-triggers', statements: triggers },
  { name: '0017-house', statements: houseTables },
  { name: '0018-alerts', statements: alertDelivery },
  { name: '0019-access', statements: access },
  { name: '0020-samples', statements: samples },
  { name: '0021-audit-chain', statements: auditChain },
  { name: '0022-schedule-troubles', statements: scheduleTroubles },
  { name: '0023-metric-bytes', statements: metricBytes },
]

/** Which steps a database has. */
export const LEDGER = `CREATE TABLE IF NOT EXISTS etl_schema_migration (
  ${ID},
  migration_name ${name(128)} NOT NULL,
  ${CREATED},
  PRIMARY KEY (id),
  UNIQUE KEY uk_migration_name (migration_name)
) ${tail('steps of the schema that this database has')}`

export const ledgerEntry = (migration: string) =>
  `INSERT IGNORE INTO etl_schema_migration (migration_name) VALUES ('${migration}')`
