/** System settings, each with a type and a range; changes are seen at the next read. */
import { JobError } from '../../core/errors/job-error.js'
import type { Database } from '../database.js'
import { type Cipher, createCipher } from '../encryption.js'
import { KNOWN_SETTINGS } from '../schema/known-settings.js'
import type { SystemConfigRow } from '../tables/system.js'
import { CHAIN_MARK } from './audit/mark.js'
import { placeOfSetting } from './config/setting-place.js'
import { settingProblem } from './config/setting-problem.js'

export interface SettingRecord {
  readonly key: string
  /** null: not set; or encrypted, and never shown. */
  readonly value: string | null
  readonly defaultValue: string | null
  readonly type: 'STRING' | 'INT' | 'BOOLEAN' | 'JSON'
  readonly group: string
  readonly description: string | null
  readonly readonly: boolean
  readonly encrypted: boolean
  /** Of an encrypted one this is all that is told. */
  readonly isSet: boolean
  /** Of an INT. */
  readonly least: number | null
  readonly most: number | null
  /** The values that there are; null: any. */
  readonly oneOf: readonly string[] | null
  readonly version: number
  readonly updatedAt: string
}

export type ConfigStore = ReturnType<typeof configStore>

/** Without a key, encrypted settings cannot be changed. */
export function configStore(database: Database, secretKey: string | null = null) {
  const { systemConfig } = database.tables
  const cipher: Cipher | null = secretKey === null ? null : createCipher(secretKey)
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
      return rows.map((row) => recordOf(row.get())).filter(({ key }) => key !== CHAIN_MARK)
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
      const problem = text === null ? null : settingProblem(known, text)
      if (problem !== null) throw new JobError('config.invalid', problem, { pointer: '/value' })
      const changed = await database.execute(
        `UPDATE etl_system_config SET config_value = :text, updated_by = :by, version = version + 1
          WHERE config_key = :key AND version = :version`,
        { key, text: known.encrypted ? sealed(cipher, key, text) : text, by, version: version ?? known.version },
      )
      if (changed > 0) return await find(key)
      throw new JobError(
        'conflict',
        `The setting was changed in the meantime; its version is ${(await find(key)).version}`,
      )
    },
  }
}

function sealed(cipher: Cipher | null, key: string, text: string | null): string | null {
  if (text === null || text === '') return text
  if (cipher === null)
    throw new JobError('environment.invalid', `The setting ${key} is encrypted, and there is no key.`)
  return cipher.encrypt(text, placeOfSetting(key))
}

function recordOf(row: SystemConfigRow): SettingRecord {
  const known = KNOWN_SETTINGS.find(({ key }) => key === row.configKey)
  return {
    key: row.configKey,
    value: row.isEncrypted ? null : row.configValue,
    defaultValue: row.isEncrypted ? null : row.defaultValue,
    type: row.configType,
    group: row.configGroup,
    description: row.description,
    readonly: row.isReadonly,
    encrypted: row.isEncrypted,
    isSet: (row.configValue ?? '') !== '',
    least: known?.least ?? null,
    most: known?.most ?? null,
    oneOf: known?.oneOf ?? null,
    version: row.version,
    updatedAt: row.updateTime.toISOString(),
  }
}
