/** System settings that a new catalogue begins with. A value that someone changed is left alone. */

export interface InitialSetting {
  readonly key: string
  readonly value: string
  readonly type: 'STRING' | 'INT' | 'BOOLEAN' | 'JSON'
  readonly group: string
  readonly description: string
  readonly readonly?: boolean
}

export const INITIAL_SETTINGS: readonly InitialSetting[] = [
  {
    key: 'executor.max_epoch_records',
    value: '5000000',
    type: 'INT',
    group: 'executor',
    description: 'Most records that one epoch may hold',
  },
  {
    key: 'executor.first_epoch_records',
    value: '100000',
    type: 'INT',
    group: 'executor',
    description: 'Records of the first epoch, before the rate is known',
  },
  {
    key: 'executor.first_epoch_bytes',
    value: '16777216',
    type: 'INT',
    group: 'executor',
    description: 'Bytes of the first epoch, before the rate is known',
  },
  {
    key: 'checkpoint.retained',
    value: '3',
    type: 'INT',
    group: 'checkpoint',
    description: 'Completed checkpoints kept for each lineage where the job does not say',
  },
  {
    key: 'checkpoint.lineage_days',
    value: '7',
    type: 'INT',
    group: 'checkpoint',
    description: 'Days for which a lineage that ended can still be continued',
  },
  {
    key: 'checkpoint.grace_hours',
    value: '24',
    type: 'INT',
    group: 'checkpoint',
    description: 'Age from which files that nothing names are removed',
  },
  {
    key: 'metrics.interval_ms',
    value: '60000',
    type: 'INT',
    group: 'metrics',
    description: 'Time between two metrics of a long epoch',
  },
  {
    key: 'retention.metrics_days',
    value: '30',
    type: 'INT',
    group: 'retention',
    description: 'Days to keep metrics of jobs and operators',
  },
  {
    key: 'retention.execution_days',
    value: '180',
    type: 'INT',
    group: 'retention',
    description: 'Days to keep executions and their timeline',
  },
  {
    key: 'retention.checkpoint_days',
    value: '90',
    type: 'INT',
    group: 'retention',
    description: 'Days to keep checkpoint rows',
  },
  { key: 'retention.alert_days', value: '180', type: 'INT', group: 'retention', description: 'Days to keep alerts' },
  {
    key: 'retention.operation_log_days',
    value: '365',
    type: 'INT',
    group: 'retention',
    description: 'Days to keep the operation log',
  },
  {
    key: 'retention.archive',
    value: 'false',
    type: 'BOOLEAN',
    group: 'retention',
    description: 'Move a month into an archive table before it is dropped',
  },
  {
    key: 'security.login_attempts',
    value: '5',
    type: 'INT',
    group: 'security',
    description: 'Failed log-ins in a row that lock a user',
  },
  {
    key: 'security.lock_minutes',
    value: '15',
    type: 'INT',
    group: 'security',
    description: 'Minutes for which a user stays locked',
  },
  {
    key: 'security.session_hours',
    value: '12',
    type: 'INT',
    group: 'security',
    description: 'Hours for which a log-in is valid',
  },
  {
    key: 'alert.cooldown_seconds',
    value: '300',
    type: 'INT',
    group: 'alert',
    description: 'Least time between two notifications of the same alert',
  },
  {
    key: 'system.schema',
    value: 'etl_framework',
    type: 'STRING',
    group: 'system',
    description: 'What this catalogue belongs to',
    readonly: true,
  },
]

export function initialSettings(): readonly string[] {
  const rows = INITIAL_SETTINGS.map(
    (setting) =>
      `  (${[setting.key, setting.value, setting.value, setting.type, setting.group, setting.description].map(quote).join(', ')}, 0, ${setting.readonly ? 1 : 0})`,
  )
  return [
    `INSERT IGNORE INTO etl_system_config
  (config_key, config_value, default_value, config_type, config_group, description, is_encrypted, is_readonly)
VALUES
${rows.join(',\n')}`,
  ]
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
