/** The audit as a chain: each entry's hash covers the entry and the hash before it, and the newest is signed. */
import { addColumn, KEY, TIMES, tail } from './parts.js'

export const auditChain = (): readonly string[] => [
  ...addColumn(
    'etl_operation_log',
    'chain_sequence',
    `BIGINT UNSIGNED NULL COMMENT 'place in the chain, from 1 without a gap; NULL: older than the chain' AFTER duration_ms,
     ADD COLUMN start_time DATETIME(3) NULL COMMENT 'when the operation began; operation_time is when the entry was made' AFTER chain_sequence,
     ADD KEY idx_chain (chain_sequence),
     ADD KEY idx_username_time (username, operation_time)`,
  ),
  `CREATE TABLE IF NOT EXISTS etl_audit_chain (
  id TINYINT UNSIGNED NOT NULL AUTO_INCREMENT COMMENT 'always 1',
  chain_sequence BIGINT UNSIGNED NOT NULL COMMENT 'of the newest entry',
  entry_hash CHAR(64) NOT NULL,
  entry_time DATETIME(3) NOT NULL,
  anchor_sequence BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'of the newest entry that retention has removed',
  anchor_hash CHAR(64) NOT NULL,
  older_id BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'rows up to this id are older than the chain',
  fault TEXT NULL COMMENT 'what did not fit when somebody wrote on; stays',
  key_id ${KEY} NOT NULL,
  signature CHAR(64) NOT NULL COMMENT 'HMAC of the above with a key of ETL_SECRET_KEY',
  audited_migration_id BIGINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'steps of the schema up to this one are in the audit',
  ${TIMES},
  PRIMARY KEY (id)
) ${tail('begin and end of the audit')}`,
]
