/** A log-in that succeeded, however it was made: a bearer token. */
import type { UserRecord } from '../../models/stores/user-store.js'
import type { ApiDeps } from '../deps.js'
import { type Call, userAgentOf } from '../http/route.js'
import { newBearerToken } from './bearer.js'

export interface Login {
  readonly token: string
  readonly expiresAt: string
  readonly username: string
  readonly role: UserRecord['role']
}

export async function openSession(
  { userId, username, role }: UserRecord,
  call: Pick<Call, 'newId' | 'ip' | 'raw'>,
  deps: ApiDeps,
): Promise<Login> {
  const { token, hash } = newBearerToken()
  const hours = await deps.configs.number('security.session_hours', 12)
  const expiresAt = new Date(deps.now() + hours * 3_600_000).toISOString()
  await deps.tokens.create({
    tokenId: call.newId,
    userId,
    name: 'log-in',
    type: 'SESSION',
    role: null,
    hash,
    expiresAt,
    address: call.ip,
    userAgent: userAgentOf(call as Call),
  })
  return { token, expiresAt, username, role }
}
