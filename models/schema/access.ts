/** Who logs in how, and from where; what passwords have to be. */
import { addColumn, name } from './parts.js'
import { type InitialSetting, insertSettings } from './settings.js'

export const ACCESS_SETTINGS: readonly InitialSetting[] = [
  {
    key: 'security.password_min_length',
    value: '12',
    type: 'INT',
    group: 'security',
    description: 'Characters that a new password has at least',
    least: 8,
    most: 64,
  },
]

export const access = (): readonly string[] => [
  ...addColumn(
    'etl_user',
    'external_id',
    `${name(512)} NULL COMMENT 'of an OIDC user: issuer and subject' AFTER auth_type,
     ADD UNIQUE KEY uk_external_id (external_id),
     ADD KEY idx_role (role)`,
  ),
  ...addColumn(
    'etl_api_token',
    'create_ip',
    `VARCHAR(64) NULL COMMENT 'where it was asked for' AFTER last_used_time,
     ADD COLUMN user_agent VARCHAR(512) NULL AFTER create_ip`,
  ),
  ...insertSettings(ACCESS_SETTINGS),
]
