/** System settings, each with a type; changes are seen at the next read. */
import { JobError } from '../../core/errors/job-error.js'
import type { Database } from '../database.js'
import type { SystemConfigRow } from '../tables/system.js'

export interface SettingRecord {
  readonly key: string
  readonly value: string | null
  readonly defaultValue: string | null
  readonly type: 'STRING' | 'INT' | 'BOOLEAN' | 'JSON'
  readonly group: string
  readonly description: string | null
  readonly readonly: boolean
  readonly version: number
  readonly updatedAt: string
}

export type ConfigStore = ReturnType<typeof configStore>

export function configStore(database: Database) {
  const { systemConfig } = database.tables
  const find = async (key: string): Promise<SettingRecord> => {
    const row = await systemConfig.findOne({ where: { configKey: key } })
    if (row === null) throw new JobError('not.found', `There is no setting ${key}`)
    return recordOf(row.get())
  }
  return {
    find,
    async list(group?: string): Promise<readonly SettingRecord[]> {
      const rows = await systemConfig.findAll({
        where: group === undefined ? {} : { configGroup: group },
        order: [['configKey', 'ASC']],
      })
      return rows.map((row) => recordOf(row.get()))
    },
    /** What a setting says, or the fallback where it is missing or no number. */
    async number(key: string, fallback: number): Promise<number> {
      const row = await systemConfig.findOne({ where: { configKey: key } })
      const value = Number(row?.get().configValue ?? Number.NaN)
      return Number.isFinite(value) ? value : fallback
    },
    /** null: back to the default. */
    async update(key: string, value: string | null, version: number | null, by: string): Promise<SettingRecord> {
      const known = await find(key)
      if (known.readonly) throw new JobError('conflict', `The setting ${key} is read-only`)
      const text = value ?? known.defaultValue
      if (text !== null) checkType(known, text)
      const changed = await database.execute(
        `UPDATE etl_system_config SET config_value = :text, updated_by = :by, version = version + 1
          WHERE config_key = :key AND version = :version`,
        { key, text, by, version: version ?? known.version },
      )
      if (changed > 0) return await find(key)
      throw new JobError(
        'conflict',
        `The setting was changed in the meantime; its version is ${(await find(key)).version}`,
      )
    },
  }
}

function checkType({ key, type }: SettingRecord, text: string): void {
  const fits =
    type === 'STRING' ||
    (type === 'INT' && /^-?\d{1,15}$/.test(text)) ||
    (type === 'BOOLEAN' && /^(true|false)$/.test(text)) ||
    (type === 'JSON' && isJson(text))
  if (!fits) throw new JobError('config.invalid', `The setting ${key} is of type ${type}`, { pointer: '/value' })
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function recordOf(row: SystemConfigRow): SettingRecord {
  return {
    key: row.configKey,
    value: row.isEncrypted ? null : row.configValue,
    defaultValue: row.defaultValue,
    type: row.configType,
    group: row.configGroup,
    description: row.description,
    readonly: row.isReadonly,
    version: row.version,
    updatedAt: row.updateTime.toISOString(),
  }
}
