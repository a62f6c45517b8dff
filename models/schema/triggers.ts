/** What starts executions besides people: facts and their claims, retries and deadlines; and how many may run at once. */
import { addColumn, name } from './parts.js'
import { type InitialSetting, insertSettings } from './settings.js'

export const TRIGGER_SETTINGS: readonly InitialSetting[] = [
  {
    key: 'executor.max_running_executions',
    value: '0',
    type: 'INT',
    group: 'executor',
    description: 'Most executions that may run at once in the whole system; 0: no limit',
    least: 0,
    most: 1_000_000,
  },
]

export const triggers = (): readonly string[] => [
  ...addColumn(
    'etl_job_execution',
    'is_scheduled_time',
    "TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'logical_time is one of a calendar: what depends on it goes by it' AFTER logical_time",
  ),
  ...addColumn(
    'etl_job_execution',
    'sla_due_time',
    "DATETIME(3) NULL COMMENT 'should have ended by then; NULL: no matter, or it is known that it has not' AFTER duration_ms, ADD KEY idx_sla_due (sla_due_time)",
  ),
  ...addColumn(
    'etl_job_execution',
    'retry_due_time',
    "DATETIME(3) NULL COMMENT 'of a FAILED one: when it is tried again by a new execution' AFTER retry_number, ADD KEY idx_retry_due (retry_due_time)",
  ),
  ...addColumn(
    'etl_trigger_event',
    'is_scheduled_time',
    "TINYINT(1) NOT NULL DEFAULT 0 COMMENT 'logical_time is one of a calendar' AFTER logical_time",
  ),
  ...addColumn(
    'etl_trigger_event',
    'message',
    "VARCHAR(1024) NULL COMMENT 'of a claim: why it started nothing' AFTER claimed_execution_id",
  ),
  // Types of events compare byte by byte, as ids do.
  `ALTER TABLE etl_trigger_event MODIFY event_type ${name(191)} NOT NULL COMMENT 'JOB_FINISHED, or as the sender names it'`,
  `ALTER TABLE etl_job_schedule MODIFY event_type ${name(191)} NULL`,
  ...insertSettings(TRIGGER_SETTINGS),
]
