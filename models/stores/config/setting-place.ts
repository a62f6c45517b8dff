import type { CipherPlace } from '../../encryption.js'

/** Where the value of an encrypted setting lies. */
export const placeOfSetting = (key: string): CipherPlace => ({
  table: 'etl_system_config',
  row: key,
  field: 'config_value',
})
