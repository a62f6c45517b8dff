/** `etl users list|show|create|set|password|unlock|delete`: for ADMIN, but for one's own password. */
import { JobError } from '../../core/errors/job-error.js'
import { secretLines } from '../ask.js'
import { type Client, connect } from '../client.js'
import type { Context } from '../command.js'
import { fields, table } from '../output.js'

interface User {
  readonly userId: string
  readonly username: string
  readonly email: string | null
  readonly displayName: string | null
  readonly role: string
  readonly status: string
  readonly authType: string
  readonly lastLoginAt: string | null
  readonly lastLoginAddress: string | null
  readonly version: number
  readonly createdAt: string
}

interface Wishes {
  readonly role?: string
  readonly email?: string
  readonly displayName?: string
}

export async function users({ output, variables }: Context, options: { readonly role?: string }): Promise<void> {
  const items = await connect(variables).all<User>('/users', { role: options.role?.toUpperCase() })
  output.result({ items }, () =>
    table(
      ['user', 'role', 'status', 'log-in', 'last log-in', 'from'],
      items.map((one) => [one.username, one.role, one.status, one.authType, one.lastLoginAt, one.lastLoginAddress]),
    ),
  )
}

export async function showUser({ output, variables }: Context, username: string): Promise<void> {
  const user = await userNamed(connect(variables), username)
  output.result(user, () => describe(user))
}

/** The password comes from the terminal or on standard input. */
export async function createUser({ output, variables }: Context, username: string, wishes: Wishes): Promise<void> {
  const client = connect(variables)
  const [password] = await secretLines([`Password of ${username}:`])
  const { role = 'USER', email, displayName } = wishes
  const body = { username, password, role: role.toUpperCase(), email, displayName }
  const made = await client.send<User>('POST', '/users', body)
  output.result(made, () => `${made.username} (${made.role}) can log in`)
}

export async function changeUser(
  { output, variables }: Context,
  username: string,
  options: Wishes & { readonly status?: string },
): Promise<void> {
  const client = connect(variables)
  const { userId, version } = await userNamed(client, username)
  const { role, email, displayName, status } = options
  const change = { role: role?.toUpperCase(), status: status?.toUpperCase(), email, displayName }
  if (Object.values(change).every((value) => value === undefined))
    throw new JobError('usage.invalid', 'Say what changes: --role, --status, --email or --display-name')
  const changed = await client.send<User>('PUT', pathOf(userId), { ...change, version })
  output.result(changed, () => describe(changed))
}

/** Without a name: one's own, with the present one. */
export async function setPassword({ output, variables }: Context, username: string | undefined): Promise<void> {
  const client = connect(variables)
  if (username === undefined) {
    const [currentPassword, newPassword] = await secretLines(['Present password:', 'New password:'])
    await client.send('PUT', '/me/password', { currentPassword, newPassword })
    return output.result({ changed: true }, () => 'changed; your other log-ins and tokens have ended')
  }
  const { userId, version } = await userNamed(client, username)
  const [password] = await secretLines([`New password of ${username}:`])
  await client.send('PUT', pathOf(userId), { password, version })
  output.result({ username, changed: true }, () => `changed; log-ins and tokens of ${username} have ended`)
}

export async function unlockUser({ output, variables }: Context, username: string): Promise<void> {
  const client = connect(variables)
  const { userId } = await userNamed(client, username)
  const user = await client.send<User>('POST', `${pathOf(userId)}/unlock`)
  output.result(user, () => `${username} is ${user.status}`)
}

export async function deleteUser({ output, variables }: Context, username: string): Promise<void> {
  const client = connect(variables)
  const { userId, version } = await userNamed(client, username)
  await client.send('DELETE', `${pathOf(userId)}?version=${version}`)
  output.result({ username, deleted: true }, () => `${username} deleted`)
}

export async function userNamed(client: Client, username: string): Promise<User> {
  const { items } = await client.get<{ items: readonly User[] }>('/users', { username })
  if (items[0] === undefined) throw new JobError('not.found', `There is no user ${username}`)
  return items[0]
}

const pathOf = (userId: string) => `/users/${encodeURIComponent(userId)}`

function describe(user: User): string {
  const login = user.lastLoginAt === null ? 'never' : `${user.lastLoginAt} from ${user.lastLoginAddress ?? 'unknown'}`
  return fields([
    ['user', user.username],
    ['id', user.userId],
    ['role', user.role],
    ['status', user.status],
    ['logs in by', user.authType],
    ['name', user.displayName],
    ['email', user.email],
    ['last log-in', login],
    ['since', user.createdAt],
  ])
}
