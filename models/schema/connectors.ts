/** Connectors, connections and secrets. */
import { addColumn, ID, KEY, name, ORDERED_JSON, TIMES, tail, VERSION } from './parts.js'

export const connectorTables = (): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS etl_connector (
  ${ID},
  connector_id ${KEY} NOT NULL,
  connector_name ${KEY} NOT NULL,
  connector_type VARCHAR(16) NOT NULL COMMENT 'JDBC, KAFKA, HTTP, FILE, CUSTOM',
  connector_class VARCHAR(255) NOT NULL COMMENT 'module#export',
  description TEXT NULL,
  support_source TINYINT(1) NOT NULL DEFAULT 0,
  support_sink TINYINT(1) NOT NULL DEFAULT 0,
  config_schema ${ORDERED_JSON} NOT NULL COMMENT 'JSON Schema',
  is_builtin TINYINT(1) NOT NULL DEFAULT 0,
  is_enabled TINYINT(1) NOT NULL DEFAULT 1,
  ${VERSION},
  ${TIMES},
  PRIMARY KEY (id),
  UNIQUE KEY uk_connector_id (connector_id),
  UNIQUE KEY uk_connector_name (connector_name),
  KEY idx_connector_type (connector_type)
) ${tail('connectors that jobs may name')}`,

  `CREATE TABLE IF NOT EXISTS etl_connector_config (
  ${ID},
  config_id ${KEY} NOT NULL,
  config_name ${name(128)} NOT NULL,
  connector_id ${KEY} NOT NULL,
  connector_name ${KEY} NOT NULL,
  usage_type VARCHAR(16) NOT NULL DEFAULT 'BOTH' COMMENT 'SOURCE, SINK, BOTH',
  description TEXT NULL,
  connection_config ${ORDERED_JSON} NOT NULL COMMENT 'JSON; its secret fields are encrypted',
  extra_config ${ORDERED_JSON} NULL,
  last_test_time DATETIME(3) NULL,
  last_test_status VARCHAR(16) NULL COMMENT 'OK, FAILED',
  last_test_message TEXT NULL,
  created_by ${KEY} NULL,
  updated_by ${KEY} NULL,
  ${VERSION},
  ${TIMES},
  PRIMARY KEY (id),
  UNIQUE KEY uk_config_id (config_id),
  UNIQUE KEY uk_config_name (config_name),
  KEY idx_connector_id (connector_id)
) ${tail('connections: a configured connector that jobs share')}`,

  `CREATE TABLE IF NOT EXISTS etl_secret (
  ${ID},
  secret_name ${name(128)} NOT NULL,
  secret_value TEXT NOT NULL COMMENT 'encrypted',
  key_id ${KEY} NOT NULL COMMENT 'the key it is encrypted with',
  description TEXT NULL,
  created_by ${KEY} NULL,
  updated_by ${KEY} NULL,
  ${VERSION},
  ${TIMES},
  PRIMARY KEY (id),
  UNIQUE KEY uk_secret_name (secret_name)
) ${tail('secrets that specs name')}`,
]

/** Custom connectors say which version they are; what was tried is what runs. */
export const connectorVersions = (): readonly string[] =>
  addColumn('etl_connector', 'connector_version', "VARCHAR(64) NULL COMMENT 'as it says itself' AFTER connector_class")
