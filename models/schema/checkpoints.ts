/** Plans, positions and operator state. */
import { addColumn, COUNT, CREATED, ID, KEY, name, ORDERED_JSON, TIMES, tail } from './parts.js'

export const checkpointTables = (): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS etl_checkpoint (
  ${ID},
  checkpoint_id ${KEY} NOT NULL,
  job_id ${KEY} NOT NULL,
  execution_id ${KEY} NOT NULL COMMENT 'that planned it, then that completed it',
  lineage_id ${KEY} NOT NULL,
  epoch BIGINT NOT NULL,
  phase INT UNSIGNED NOT NULL,
  checkpoint_type VARCHAR(16) NOT NULL DEFAULT 'PERIODIC' COMMENT 'PERIODIC, SAVEPOINT',
  checkpoint_status VARCHAR(16) NOT NULL DEFAULT 'IN_PROGRESS' COMMENT 'IN_PROGRESS, COMPLETED, FAILED',
  job_version INT UNSIGNED NOT NULL COMMENT 'the graph that its plan is for',
  generation INT UNSIGNED NOT NULL,
  attempt INT UNSIGNED NOT NULL,
  plan ${ORDERED_JSON} NOT NULL COMMENT 'JSON: the input of the epoch; never changes',
  next_step ${ORDERED_JSON} NULL COMMENT 'JSON: what comes after it',
  positions ${ORDERED_JSON} NULL COMMENT 'JSON: where each source stands after it',
  counters ${ORDERED_JSON} NULL COMMENT 'JSON: records of this epoch through each node',
  state_size_bytes ${COUNT},
  checkpoint_path VARCHAR(1024) NULL,
  trigger_time DATETIME(3) NOT NULL,
  complete_time DATETIME(3) NULL,
  duration_ms BIGINT NULL,
  failure_count INT UNSIGNED NOT NULL DEFAULT 0,
  error_message TEXT NULL,
  ${TIMES},
  PRIMARY KEY (id),
  UNIQUE KEY uk_checkpoint_id (checkpoint_id),
  UNIQUE KEY uk_lineage_epoch_type (lineage_id, epoch, checkpoint_type),
  KEY idx_job_status_trigger (job_id, checkpoint_status, trigger_time),
  KEY idx_execution (execution_id, epoch),
  KEY idx_lineage_status (lineage_id, checkpoint_status, epoch)
) ${tail('checkpoints: the plan of an epoch, then what it left')}`,

  `CREATE TABLE IF NOT EXISTS etl_operator_state (
  ${ID},
  state_id ${KEY} NOT NULL,
  checkpoint_id ${KEY} NOT NULL,
  job_id ${KEY} NOT NULL,
  execution_id ${KEY} NOT NULL,
  operator_id ${name(128)} NOT NULL,
  subtask_index INT UNSIGNED NOT NULL DEFAULT 0,
  state_name ${name(128)} NOT NULL,
  state_type VARCHAR(16) NOT NULL COMMENT 'VALUE, LIST, MAP',
  state_path VARCHAR(1024) NULL COMMENT 'in the checkpoint store; NULL when state_value holds it',
  state_value ${ORDERED_JSON} NULL,
  state_size_bytes ${COUNT},
  record_count ${COUNT},
  ${CREATED},
  PRIMARY KEY (id),
  UNIQUE KEY uk_state_id (state_id),
  UNIQUE KEY uk_checkpoint_state (checkpoint_id, operator_id, subtask_index, state_name),
  KEY idx_job_operator (job_id, operator_id)
) ${tail('what each operator keeps, per checkpoint')}`,
]

/** The index finds the few that are held among all that ever were. */
export const checkpointRetention = (): readonly string[] =>
  addColumn(
    'etl_checkpoint',
    'state_discarded',
    "TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'beyond those retained: cannot be restored or forked from' AFTER checkpoint_path, ADD KEY idx_lineage_held (lineage_id, checkpoint_status, state_discarded)",
  )

export const restartAcrossVersions = (): readonly string[] => [
  ...addColumn(
    'etl_job_execution',
    'allow_non_restored_state',
    "TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'what the newest version has no place for is left behind' AFTER restored_checkpoint_id",
  ),
]
