/** Settings, alerts, workers, events from outside, and answers kept for repeated requests. */
import { ID, KEY, name, ORDERED_JSON, TIMES, tail, VERSION } from './parts.js'
import { initialSettings } from './settings.js'

export const systemTables = (): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS etl_system_config (
  ${ID},
  config_key ${name(128)} NOT NULL,
  config_value TEXT NULL,
  default_value TEXT NULL,
  config_type VARCHAR(16) NOT NULL COMMENT 'STRING, INT, BOOLEAN, JSON',
  config_group VARCHAR(64) NOT NULL,
  description VARCHAR(512) NULL,
  is_encrypted TINYINT(1) NOT NULL DEFAULT 0,
  is_readonly TINYINT(1) NOT NULL DEFAULT 0,
  updated_by ${KEY} NULL,
  ${VERSION},
  ${TIMES},
  PRIMARY KEY (id),
  UNIQUE KEY uk_config_key (config_key),
  KEY idx_config_group (config_group)
) ${tail('settings of the whole system')}`,
  ...initialSettings(),

  `CREATE TABLE IF NOT EXISTS etl_worker (
  ${ID},
  worker_id ${KEY} NOT NULL,
  host_name VARCHAR(255) NOT NULL,
  process_id INT UNSIGNED NOT NULL,
  worker_status VARCHAR(16) NOT NULL DEFAULT 'RUNNING' COMMENT 'RUNNING, STOPPING, STOPPED',
  task_queues JSON NULL,
  slots INT UNSIGNED NOT NULL DEFAULT 0,
  slots_used INT UNSIGNED NOT NULL DEFAULT 0,
  build_version VARCHAR(64) NULL,
  cpu_usage_percent DOUBLE NULL,
  memory_usage_bytes BIGINT NULL,
  start_time DATETIME(3) NOT NULL,
  heartbeat_time DATETIME(3) NOT NULL,
  ${TIMES},
  PRIMARY KEY (id),
  UNIQUE KEY uk_worker_id (worker_id),
  KEY idx_heartbeat_time (heartbeat_time)
) ${tail('worker processes')}`,

  `CREATE TABLE IF NOT EXISTS etl_trigger_event (
  ${ID},
  event_id ${name(191)} NOT NULL,
  downstream_job_id ${KEY} NOT NULL DEFAULT '' COMMENT 'empty: the fact; else the claim of this job on it, unique',
  event_type VARCHAR(191) NOT NULL COMMENT 'JOB_FINISHED, or as the sender names it',
  source_job_id ${KEY} NULL,
  source_execution_id ${KEY} NULL,
  source_status VARCHAR(16) NULL,
  logical_time DATETIME(3) NULL,
  payload ${ORDERED_JSON} NULL,
  event_time DATETIME(3) NOT NULL,
  claimed_execution_id ${KEY} NULL,
  is_handled TINYINT(1) NOT NULL DEFAULT 0,
  ${TIMES},
  PRIMARY KEY (id),
  UNIQUE KEY uk_event_downstream (event_id, downstream_job_id),
  KEY idx_type_time (event_type, event_time),
  KEY idx_source (source_job_id, event_time),
  KEY idx_handled (is_handled, id)
) ${tail('facts that start jobs, and which jobs they started')}`,

  `CREATE TABLE IF NOT EXISTS etl_idempotency_key (
  ${ID},
  user_id ${KEY} NOT NULL DEFAULT '',
  idempotency_key ${name(191)} NOT NULL,
  request_hash CHAR(64) NOT NULL,
  request_path VARCHAR(512) NOT NULL,
  response_status INT UNSIGNED NULL COMMENT 'NULL while the first request is at work',
  response_headers JSON NULL,
  response_body ${ORDERED_JSON} NULL,
  expire_time DATETIME(3) NOT NULL,
  ${TIMES},
  PRIMARY KEY (id),
  UNIQUE KEY uk_user_key (user_id, idempotency_key),
  KEY idx_expire_time (expire_time)
) ${tail('answers to requests that may be repeated')}`,
]
