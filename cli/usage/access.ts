/** Users, their tokens, and the audit. */
import type { Command as Program } from 'commander'
import type { Add } from './add.js'

export function addUsers(add: Add): void {
  const people = () => import('../command/users.js')
  const users = add('users', 'Users (ADMIN).', 'etl users list', async () => (await people()).users)
  add('list', 'Lists users.', 'etl users list --role ADMIN', async () => (await people()).users, users).option(
    '--role <role>',
    'ADMIN, DEVELOPER or USER',
  )
  add('show <user>', 'Shows one.', 'etl users show anna', async () => (await people()).showUser, users)
  const described = (command: Program) =>
    command
      .option('--role <role>', 'ADMIN, DEVELOPER or USER')
      .option('--email <address>', 'where they are reached')
      .option('--display-name <name>', 'what they are called')
  described(
    add(
      'create <user>',
      'Makes one; the password is asked for, or comes on standard input.',
      'etl users create anna --role DEVELOPER',
      async () => (await people()).createUser,
      users,
    ),
  )
  described(
    add(
      'set <user>',
      'Changes one.',
      'etl users set anna --role ADMIN',
      async () => (await people()).changeUser,
      users,
    ),
  ).option('--status <status>', 'ACTIVE or INACTIVE')
  add(
    'password [user]',
    'Sets a password: your own, with the present one; or that of another (ADMIN).',
    'etl users password',
    async () => (await people()).setPassword,
    users,
  )
  add(
    'unlock <user>',
    'Ends the lock after failed log-ins.',
    'etl users unlock anna',
    async () => (await people()).unlockUser,
    users,
  )
  add('delete <user>', 'Removes one.', 'etl users delete anna', async () => (await people()).deleteUser, users)
  const kept = () => import('../command/tokens.js')
  const shown = (command: Program) =>
    command
      .option('--type <type>', 'API or SESSION (log-ins)')
      .option('--user <user>', 'of this user (ADMIN)')
      .option('--all', 'of everybody (ADMIN)')
  const tokens = shown(add('tokens', 'API tokens and log-ins.', 'etl tokens list', async () => (await kept()).tokens))
  shown(add('list', 'Lists those that are valid.', 'etl tokens list', async () => (await kept()).tokens, tokens))
  add(
    'create <name>',
    'Makes an API token, and shows it this once.',
    'etl tokens create nightly --role USER --days 30',
    async () => (await kept()).createToken,
    tokens,
  )
    .option('--role <role>', 'a smaller role than yours')
    .option('--days <days>', 'for how long; none: until it is revoked', '90')
  add(
    'revoke <token>',
    'Ends a token or a log-in.',
    'etl tokens revoke 6f1c…',
    async () => (await kept()).revokeToken,
    tokens,
  )
}

export function addAudit(add: Add): void {
  const commands = () => import('../command/audit.js')
  const filtered = (command: Program) =>
    command
      .option('--user <name>', 'by this user; of failed log-ins, the name that was tried')
      .option('--type <operation>', 'such as CREATE_JOB or LOGIN')
      .option('--resource <type>', 'such as JOB or USER')
      .option('--id <id>', 'of the resource')
      .option('--status <status>', 'SUCCESS or FAILED')
      .option('--from <time>', 'not before this time')
      .option('--to <time>', 'before this time')
  const list = async () => (await commands()).listAudit
  const audit = filtered(add('audit', 'What was done, by whom, from where (ADMIN).', 'etl audit list', list)).option(
    '--limit <count>',
    'how many at most',
    '50',
  )
  filtered(add('list', 'Lists it, newest first.', 'etl audit list --user anna', list, audit)).option(
    '--limit <count>',
    'how many at most',
    '50',
  )
  add(
    'verify',
    'Is it as it was written? Names the first entry that does not fit.',
    'etl audit verify',
    async () => (await commands()).verifyAudit,
    audit,
  ).option('--head <head>', 'a head that was printed before: sequence:hash; it has to be there still')
  filtered(
    add(
      'export',
      'Writes it, oldest first.',
      'etl audit export --format csv --from 2026-01-01T00:00:00Z --output audit.csv',
      async () => (await commands()).exportAudit,
      audit,
    ),
  )
    .option('--format <format>', 'jsonl or csv', 'jsonl')
    .option('--output <file>', 'a file; without it, standard output')
}
