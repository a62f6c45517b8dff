/** What schedules leave behind besides executions: why a time started none, and the filling of the past. */
import { addColumn, CREATED, ID, KEY, ORDERED_JSON, TIMES, tail, VERSION } from './parts.js'

export const scheduleTables = (): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS etl_schedule_decision (
  ${ID},
  schedule_id ${KEY} NOT NULL,
  job_id ${KEY} NOT NULL,
  decision VARCHAR(16) NOT NULL COMMENT 'SKIPPED: the time started nothing; MISSED: times passed without anybody looking',
  logical_time DATETIME(3) NOT NULL COMMENT 'the time, or the newest of them',
  message VARCHAR(1024) NOT NULL,
  ${CREATED},
  PRIMARY KEY (id),
  KEY idx_schedule_time (schedule_id, logical_time)
) ${tail('why times of schedules started nothing; the newest of each schedule')}`,

  `CREATE TABLE IF NOT EXISTS etl_backfill (
  ${ID},
  backfill_id ${KEY} NOT NULL,
  schedule_id ${KEY} NOT NULL,
  job_id ${KEY} NOT NULL,
  backfill_status VARCHAR(16) NOT NULL DEFAULT 'RUNNING' COMMENT 'RUNNING, COMPLETED, CANCELLED',
  cron_expression VARCHAR(255) NOT NULL,
  timezone VARCHAR(64) NOT NULL,
  parameters ${ORDERED_JSON} NULL,
  from_time DATETIME(3) NOT NULL,
  to_time DATETIME(3) NOT NULL,
  next_time DATETIME(3) NULL COMMENT 'the first time that was not looked at; NULL: all were',
  max_concurrent_runs INT UNSIGNED NOT NULL DEFAULT 1,
  reprocess VARCHAR(16) NOT NULL DEFAULT 'MISSING' COMMENT 'MISSING, FAILED, ALL',
  priority INT NOT NULL DEFAULT 0,
  total INT UNSIGNED NOT NULL COMMENT 'times that were to be filled when it was asked for',
  created_by ${KEY} NULL,
  ${VERSION},
  ${TIMES},
  PRIMARY KEY (id),
  UNIQUE KEY uk_backfill_id (backfill_id),
  KEY idx_schedule (schedule_id),
  KEY idx_status (backfill_status)
) ${tail('executions for times that have passed')}`,

  ...addColumn('etl_job_execution', 'backfill_id', `${KEY} NULL AFTER schedule_id, ADD KEY idx_backfill (backfill_id)`),
]

export const scheduleTroubles = (): readonly string[] => [
  `CREATE TABLE IF NOT EXISTS etl_schedule_trouble (
  ${ID},
  schedule_id ${KEY} NOT NULL,
  trouble ${KEY} NOT NULL COMMENT 'what could not be done: HELD, CATCH_UP, DEPENDENCY, EVENT, BACKFILL and its id',
  message VARCHAR(1024) NOT NULL,
  ${CREATED},
  PRIMARY KEY (id),
  UNIQUE KEY uk_schedule_trouble (schedule_id, trouble)
) ${tail('what of schedules fails and is tried again; gone once it goes well')}`,
]
