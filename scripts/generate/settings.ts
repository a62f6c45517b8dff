/** docs/reference/settings.md, from the table of settings. */
import { KNOWN_SETTINGS } from '../../models/schema/known-settings.js'
import type { InitialSetting } from '../../models/schema/settings.js'
import { page, table } from './page.js'

export function settingsPage(): Readonly<Record<string, string>> {
  const groups = [...new Set(KNOWN_SETTINGS.map(({ group }) => group))].sort()
  const sections = groups.map((group) => {
    const rows = KNOWN_SETTINGS.filter((setting) => setting.group === group).map((setting) => [
      `\`${setting.key}\``,
      rangeOf(setting),
      setting.value === '' ? '' : `\`${setting.value}\``,
      setting.description,
    ])
    return `## ${group}\n\n${table(['setting', 'type', 'default', 'meaning'], rows)}`
  })
  return { 'settings.md': page('Settings of the system', INTRO, ...sections) }
}

const INTRO = `Kept in \`etl_system_config\`, changed while everything runs: \`etl config list|get|set\`, \`GET\` and \`PUT /api/v1/system-configs/{key}\`, or
documents of \`kind: setting\` with \`etl apply\`. Workers and API see a change within seconds. Every change is in the audit.`

function rangeOf({ type, least, most, oneOf, encrypted }: InitialSetting): string {
  if (encrypted) return 'text, encrypted'
  if (oneOf !== undefined) return oneOf.map((one) => `\`${one}\``).join(', ')
  if (type === 'INT' && (least !== undefined || most !== undefined)) return `${least ?? ''} to ${most ?? ''}`
  return { STRING: 'text', INT: 'integer', BOOLEAN: 'true, false', JSON: 'JSON' }[type]
}
