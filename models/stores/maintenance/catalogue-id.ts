/** What tells this catalogue from others; made when it is first asked for. */
import type { HouseConnection } from './house-connection.js'

const KEY = 'system.catalogue_id'

export async function catalogueId(house: HouseConnection): Promise<string> {
  await house.execute(
    `INSERT IGNORE INTO etl_system_config
       (config_key, config_value, config_type, config_group, description, is_encrypted, is_readonly)
     VALUES ('${KEY}', UUID(), 'STRING', 'system', 'What tells this catalogue from others', 0, 1)`,
  )
  const [row] = await house.query<{ id: string }>(
    `SELECT config_value AS id FROM etl_system_config WHERE config_key = '${KEY}'`,
  )
  return row?.id ?? ''
}
