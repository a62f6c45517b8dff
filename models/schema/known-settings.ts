/** Every setting that this version reads, with its range. */
import { ACCESS_SETTINGS } from './access.js'
import { HOUSE_SETTINGS } from './house.js'
import { INITIAL_SETTINGS, type InitialSetting } from './settings.js'
import { TRIGGER_SETTINGS } from './triggers.js'

export const KNOWN_SETTINGS: readonly InitialSetting[] = [
  ...INITIAL_SETTINGS,
  ...TRIGGER_SETTINGS,
  ...HOUSE_SETTINGS,
  ...ACCESS_SETTINGS,
]

export const isEncryptedSetting = (key: string): boolean =>
  KNOWN_SETTINGS.some((setting) => setting.key === key && setting.encrypted === true)
