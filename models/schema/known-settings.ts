/** Every setting that this version reads, with its range. */
import { HOUSE_SETTINGS } from './house.js'
import { INITIAL_SETTINGS, type InitialSetting } from './settings.js'

export const KNOWN_SETTINGS: readonly InitialSetting[] = [...INITIAL_SETTINGS, ...HOUSE_SETTINGS]

export const isEncryptedSetting = (key: string): boolean =>
  KNOWN_SETTINGS.some((setting) => setting.key === key && setting.encrypted === true)
