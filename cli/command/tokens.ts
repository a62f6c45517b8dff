/** `etl tokens list|create|revoke`: API tokens and log-ins, one's own; for ADMIN those of others too. */
import { JobError } from '../../core/errors/job-error.js'
import { connect } from '../client.js'
import type { Context } from '../command.js'
import { table } from '../output.js'
import { userNamed } from './users.js'

interface Token {
  readonly tokenId: string
  readonly userId: string
  readonly name: string
  readonly type: string
  readonly role: string | null
  readonly expiresAt: string | null
  readonly lastUsedAt: string | null
  readonly address: string | null
}

interface ListOptions {
  readonly user?: string
  readonly all?: boolean
  readonly type?: string
}

export async function tokens({ output, variables }: Context, options: ListOptions): Promise<void> {
  const client = connect(variables)
  const named = options.user === undefined ? undefined : (await userNamed(client, options.user)).userId
  const userId = options.all === true ? 'all' : named
  const items = await client.all<Token>('/tokens', { userId, type: options.type?.toUpperCase() })
  output.result({ items }, () =>
    table(
      ['token', 'name', 'type', 'role', 'until', 'last used', 'asked for from', ...(userId === 'all' ? ['user'] : [])],
      items.map((one) => [
        one.tokenId,
        one.name,
        one.type,
        one.role ?? 'as its user',
        one.expiresAt ?? 'revoked',
        one.lastUsedAt,
        one.address,
        ...(userId === 'all' ? [one.userId] : []),
      ]),
    ),
  )
}

/** The token is the result: standard output holds it and nothing else. */
export async function createToken(
  { output, variables }: Context,
  name: string,
  options: { readonly role?: string; readonly days: string },
): Promise<void> {
  const expiresInDays = options.days === 'none' ? null : Number(options.days)
  if (Number.isNaN(expiresInDays)) throw new JobError('usage.invalid', '--days takes a number, or none')
  const body = { name, role: options.role?.toUpperCase(), expiresInDays }
  const made = await connect(variables).send<Token & { readonly token: string }>('POST', '/tokens', body)
  output.note(`${made.name}, until ${made.expiresAt ?? 'it is revoked'}; it is shown this once:`)
  output.result(made, () => made.token)
}

export async function revokeToken({ output, variables }: Context, tokenId: string): Promise<void> {
  await connect(variables).send('DELETE', `/tokens/${encodeURIComponent(tokenId)}`)
  output.result({ tokenId, revoked: true }, () => `${tokenId} is of no use any more`)
}
