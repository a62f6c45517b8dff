/** Secrets, keys and system settings. */
import { JobError } from '../../core/errors/job-error.js'
import type { Add } from './add.js'

export function addSettings(add: Add): void {
  const settings = () => import('../command/settings.js')
  const secrets = add(
    'secrets',
    'Lists the names of secrets (ADMIN).',
    'printf %s VALUE | etl secrets set NAME',
    async () => (await settings()).secrets,
  )
  add('list', 'Lists their names.', 'etl secrets list', async () => (await settings()).secrets, secrets)
  add(
    'set <name>',
    'Sets one; its value comes on standard input.',
    'printf %s VALUE | etl secrets set NAME',
    async () => (await settings()).setSecret,
    secrets,
  ).option('--description <text>', 'what it is for')
  add('delete <name>', 'Removes one.', 'etl secrets delete NAME', async () => (await settings()).deleteSecret, secrets)
  const keys = add('keys', 'The keys of ETL_SECRET_KEY (ADMIN).', 'etl keys rotate', async () => {
    throw new JobError('usage.invalid', 'Say what: rotate')
  })
  add(
    'rotate',
    'Encrypts everything again with the first of them, so that the others may go.',
    'etl keys rotate',
    async () => (await settings()).rotateKeys,
    keys,
  )
  const config = add(
    'config',
    'System settings (ADMIN).',
    'etl config set security.session_hours 8',
    async () => (await settings()).config,
  )
  add(
    'list',
    'Lists settings.',
    'etl config list --group retention',
    async () => (await settings()).config,
    config,
  ).option('--group <name>', 'only this group')
  add(
    'get <key>',
    'Shows one.',
    'etl config get security.session_hours',
    async () => (await settings()).getConfig,
    config,
  )
  add(
    'set <key> <value>',
    'Changes one; - reads the value from standard input.',
    'etl config set security.session_hours 8',
    async () => (await settings()).setConfig,
    config,
  )
}
