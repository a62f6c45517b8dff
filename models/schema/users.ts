/** Users, their tokens, and what they did. */

import { partitionClause } from './partitions.js'
import { CREATED, ID, KEY, name, ORDERED_JSON, TIMES, tail, VERSION } from './parts.js'

export const userTables = (at: Date): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS etl_user (
  ${ID},
  user_id ${KEY} NOT NULL,
  username ${KEY} NOT NULL,
  display_name VARCHAR(128) NULL,
  email VARCHAR(255) NULL,
  phone VARCHAR(32) NULL,
  password_hash VARCHAR(128) NULL COMMENT 'bcrypt',
  auth_type VARCHAR(16) NOT NULL DEFAULT 'PASSWORD',
  role VARCHAR(16) NOT NULL DEFAULT 'USER' COMMENT 'ADMIN, DEVELOPER, USER',
  status VARCHAR(16) NOT NULL DEFAULT 'ACTIVE' COMMENT 'ACTIVE, INACTIVE, LOCKED',
  failed_login_count INT UNSIGNED NOT NULL DEFAULT 0,
  locked_until DATETIME(3) NULL,
  last_login_time DATETIME(3) NULL,
  last_login_ip VARCHAR(64) NULL,
  password_change_time DATETIME(3) NULL,
  created_by ${KEY} NULL,
  updated_by ${KEY} NULL,
  ${VERSION},
  ${TIMES},
  PRIMARY KEY (id),
  UNIQUE KEY uk_user_id (user_id),
  UNIQUE KEY uk_username (username),
  KEY idx_status (status)
) ${tail('users')}`,

  `CREATE TABLE IF NOT EXISTS etl_api_token (
  ${ID},
  token_id ${KEY} NOT NULL,
  user_id ${KEY} NOT NULL,
  token_name VARCHAR(128) NULL,
  token_type VARCHAR(16) NOT NULL DEFAULT 'SESSION' COMMENT 'SESSION, API',
  token_hash CHAR(64) COLLATE utf8mb4_bin NOT NULL,
  role VARCHAR(16) NULL COMMENT 'a smaller role than its user has; NULL: the same',
  expire_time DATETIME(3) NULL,
  last_used_time DATETIME(3) NULL,
  revoked_time DATETIME(3) NULL,
  ${VERSION},
  ${TIMES},
  PRIMARY KEY (id),
  UNIQUE KEY uk_token_id (token_id),
  UNIQUE KEY uk_token_hash (token_hash),
  KEY idx_user_id (user_id),
  KEY idx_expire_time (expire_time)
) ${tail('log-ins and tokens of users')}`,

  `CREATE TABLE IF NOT EXISTS etl_operation_log (
  ${ID},
  log_id ${KEY} NOT NULL,
  user_id ${KEY} NULL,
  username ${KEY} NULL,
  operation_type VARCHAR(64) NOT NULL COMMENT 'CREATE_JOB, UPDATE_JOB, DELETE_JOB, ...',
  resource_type VARCHAR(64) NULL,
  resource_id ${name(191)} NULL,
  request_id ${KEY} NULL,
  request_method VARCHAR(16) NULL,
  request_path VARCHAR(512) NULL,
  request_params ${ORDERED_JSON} NULL COMMENT 'JSON, secrets left out',
  response_status INT UNSIGNED NULL,
  operation_status VARCHAR(16) NOT NULL COMMENT 'SUCCESS, FAILED',
  error_message TEXT NULL,
  ip_address VARCHAR(64) NULL,
  user_agent VARCHAR(512) NULL,
  duration_ms BIGINT NULL,
  operation_time DATETIME(3) NOT NULL,
  previous_hash CHAR(64) NULL,
  entry_hash CHAR(64) NULL COMMENT 'over this entry and the hash before it: a changed row shows',
  ${CREATED},
  PRIMARY KEY (id, operation_time),
  UNIQUE KEY uk_log_id (log_id, operation_time),
  KEY idx_user_time (user_id, operation_time),
  KEY idx_resource (resource_type, resource_id),
  KEY idx_operation_type (operation_type, operation_time),
  KEY idx_operation_time (operation_time)
) ${tail('what users did')}
${partitionClause('operation_time', at)}`,
]
