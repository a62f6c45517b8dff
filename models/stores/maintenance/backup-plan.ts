/** Where backups go every day, how many are kept, and what encrypts them. */
import { createCipher } from '../../encryption.js'
import { placeOfSetting } from '../config/setting-place.js'
import type { HouseConnection } from './house-connection.js'

export interface BackupPlan {
  /** Empty: nowhere. */
  readonly url: string
  readonly retain: number
  readonly history: boolean
  /** null: they are not encrypted. */
  readonly keys: string | null
}

export async function backupPlan(house: HouseConnection, secretKey: string): Promise<BackupPlan> {
  const rows = await house.query<{ name: string; value: string | null }>(
    "SELECT config_key AS name, config_value AS value FROM etl_system_config WHERE config_group = 'backup'",
  )
  const value = (key: string) => rows.find(({ name }) => name === key)?.value ?? ''
  const sealed = value('backup.key')
  const own = sealed === '' ? '' : createCipher(secretKey).decrypt(sealed, placeOfSetting('backup.key'))
  return {
    url: value('backup.url').trim(),
    retain: Math.max(1, Number(value('backup.retain')) || 7),
    history: value('backup.history') === 'true',
    keys: value('backup.encrypt') === 'false' ? null : own || secretKey,
  }
}
