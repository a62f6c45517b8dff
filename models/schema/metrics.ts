/** Metrics over time: by month, so that a month is retired by dropping its partition. */

import { partitionClause } from './partitions.js'
import { addColumn, COUNT, CREATED, ID, KEY, name, tail } from './parts.js'
import { SAMPLING } from './settings.js'

export const operatorShares = (): readonly string[] =>
  addColumn(
    'etl_operator_metrics',
    'subtask_count',
    "INT UNSIGNED NOT NULL DEFAULT 1 AFTER records_late, ADD COLUMN records_busiest_subtask BIGINT NOT NULL DEFAULT 0 COMMENT 'even: records_in divided by subtask_count' AFTER subtask_count",
  )

/**
 * Samples of what runs stand beside the rows of checkpoints, told apart by who took them. The unique keys make a batch that
 * is sent again a batch that changes nothing; rows of checkpoints name nobody, and are unique by their transaction.
 */
export const samples = (): readonly string[] => [
  ...addColumn(
    'etl_job_metrics',
    'sampled_by',
    `${KEY} NULL COMMENT 'the worker; NULL: the row of a checkpoint' AFTER epoch, ADD COLUMN latency_ms BIGINT NULL COMMENT 'from the newest event time to the commit' AFTER checkpoint_duration_ms, ADD UNIQUE KEY uk_sample (execution_id, sampled_by, metric_time)`,
  ),
  ...addColumn(
    'etl_operator_metrics',
    'sampled_by',
    `${KEY} NULL COMMENT 'the worker; NULL: the row of a checkpoint' AFTER epoch, ADD COLUMN idle_time_ms ${COUNT} AFTER backpressure_time_ms, ADD COLUMN state_size_bytes ${COUNT} AFTER backpressure_count, ADD UNIQUE KEY uk_sample (execution_id, operator_id, sampled_by, metric_time)`,
  ),
  // A value that someone has chosen stays.
  "UPDATE etl_system_config SET config_value = '10000' WHERE config_key = 'metrics.interval_ms' AND config_value = default_value",
  `UPDATE etl_system_config SET default_value = '10000', description = '${SAMPLING}' WHERE config_key = 'metrics.interval_ms'`,
]

/** What went in and out in bytes, as far as connectors know. */
export const metricBytes = (): readonly string[] => [
  ...addColumn(
    'etl_job_metrics',
    'bytes_read_total',
    `${COUNT} AFTER records_late_total, ADD COLUMN bytes_written_total ${COUNT} AFTER bytes_read_total, ADD COLUMN bytes_read_rate DOUBLE NOT NULL DEFAULT 0 COMMENT 'bytes per second' AFTER records_written_rate, ADD COLUMN bytes_written_rate DOUBLE NOT NULL DEFAULT 0 AFTER bytes_read_rate`,
  ),
  ...addColumn(
    'etl_operator_metrics',
    'bytes',
    `${COUNT} COMMENT 'of a source: read; of a sink: written' AFTER records_late`,
  ),
]

export const metricTables = (at: Date): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS etl_job_metrics (
  ${ID},
  job_id ${KEY} NOT NULL,
  execution_id ${KEY} NOT NULL,
  metric_time DATETIME(3) NOT NULL,
  epoch BIGINT NULL,
  records_read_total ${COUNT},
  records_side_read_total ${COUNT},
  records_processed_total ${COUNT},
  records_written_total ${COUNT},
  records_filtered_total ${COUNT},
  records_failed_total ${COUNT},
  records_late_total ${COUNT},
  records_read_rate DOUBLE NOT NULL DEFAULT 0 COMMENT 'records per second',
  records_processed_rate DOUBLE NOT NULL DEFAULT 0,
  records_written_rate DOUBLE NOT NULL DEFAULT 0,
  backpressure_count ${COUNT},
  backpressure_time_ms ${COUNT},
  checkpoint_duration_ms BIGINT NULL,
  state_size_bytes ${COUNT},
  restart_count INT UNSIGNED NOT NULL DEFAULT 0,
  cpu_usage_percent DOUBLE NULL,
  memory_usage_bytes BIGINT NULL,
  ${CREATED},
  PRIMARY KEY (id, metric_time),
  KEY idx_job_exec_time (job_id, execution_id, metric_time),
  KEY idx_execution_time (execution_id, metric_time),
  KEY idx_metric_time (metric_time)
) ${tail('metrics of executions over time')}
${partitionClause('metric_time', at)}`,

  `CREATE TABLE IF NOT EXISTS etl_operator_metrics (
  ${ID},
  job_id ${KEY} NOT NULL,
  execution_id ${KEY} NOT NULL,
  operator_id ${name(128)} NOT NULL,
  operator_name VARCHAR(255) NULL,
  metric_time DATETIME(3) NOT NULL,
  epoch BIGINT NULL,
  records_in ${COUNT},
  records_out ${COUNT},
  records_filtered ${COUNT},
  records_failed ${COUNT},
  records_absorbed ${COUNT},
  records_late ${COUNT},
  processing_time_ms ${COUNT},
  backpressure_time_ms ${COUNT},
  backpressure_count ${COUNT},
  ${CREATED},
  PRIMARY KEY (id, metric_time),
  KEY idx_job_exec_operator_time (job_id, execution_id, operator_id, metric_time),
  KEY idx_execution_time (execution_id, metric_time),
  KEY idx_metric_time (metric_time)
) ${tail('metrics of operators over time: each row is one epoch')}
${partitionClause('metric_time', at)}`,
]
