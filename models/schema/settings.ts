/** System settings that a new catalogue begins with, each of which is read somewhere. A value that someone changed is left alone. */

export interface InitialSetting {
  readonly key: string
  readonly value: string
  readonly type: 'STRING' | 'INT' | 'BOOLEAN' | 'JSON'
  readonly group: string
  readonly description: string
  readonly readonly?: boolean
  /** Its value is kept encrypted, and never shown. */
  readonly encrypted?: boolean
  /** Of an INT. */
  readonly least?: number
  readonly most?: number
  /** Of a STRING. */
  readonly oneOf?: readonly string[]
  readonly pattern?: string
}

export const SAMPLING = 'Time between two samples of what runs in a worker, at least 1000; 0: none are taken'

export const INITIAL_SETTINGS: readonly InitialSetting[] = [
  {
    key: 'executor.max_epoch_records',
    value: '5000000',
    type: 'INT',
    group: 'executor',
    description: 'Most records that one epoch may hold',
    least: 1,
    most: 1_000_000_000,
  },
  {
    key: 'executor.first_epoch_records',
    value: '100000',
    type: 'INT',
    group: 'executor',
    description: 'Records of the first epoch, before the rate is known',
    least: 1,
    most: 1_000_000_000,
  },
  {
    key: 'executor.first_epoch_bytes',
    value: '16777216',
    type: 'INT',
    group: 'executor',
    description: 'Bytes of the first epoch, before the rate is known',
    least: 1,
    most: 1_000_000_000_000,
  },
  {
    key: 'checkpoint.retained',
    value: '3',
    type: 'INT',
    group: 'checkpoint',
    description: 'Completed checkpoints kept for each lineage where the job does not say',
    least: 1,
    most: 1000,
  },
  {
    key: 'checkpoint.grace_seconds',
    value: '60',
    type: 'INT',
    group: 'checkpoint',
    description: 'Age from which files of a running execution that no retained checkpoint names are removed',
    least: 0,
    most: 31_536_000,
  },
  {
    key: 'metrics.interval_ms',
    value: '10000',
    type: 'INT',
    group: 'metrics',
    description: SAMPLING,
    least: 0,
    most: 86_400_000,
  },
  {
    key: 'security.login_attempts',
    value: '5',
    type: 'INT',
    group: 'security',
    description: 'Failed log-ins in a row that lock a user',
    least: 1,
    most: 1000,
  },
  {
    key: 'security.lock_minutes',
    value: '15',
    type: 'INT',
    group: 'security',
    description: 'Minutes for which a user stays locked',
    least: 1,
    most: 525_600,
  },
  {
    key: 'security.session_hours',
    value: '12',
    type: 'INT',
    group: 'security',
    description: 'Hours for which a log-in is valid',
    least: 1,
    most: 8760,
  },
]

export const initialSettings = (): readonly string[] => insertSettings(INITIAL_SETTINGS)

export function insertSettings(settings: readonly InitialSetting[]): readonly string[] {
  const rows = settings.map(
    (setting) =>
      `  (${[setting.key, setting.value, setting.value, setting.type, setting.group, setting.description].map(quote).join(', ')}, ${setting.encrypted ? 1 : 0}, ${setting.readonly ? 1 : 0})`,
  )
  return [
    `INSERT IGNORE INTO etl_system_config
  (config_key, config_value, default_value, config_type, config_group, description, is_encrypted, is_readonly)
VALUES
${rows.join(',\n')}`,
  ]
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
}
