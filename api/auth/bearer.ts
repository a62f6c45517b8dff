/** Bearer tokens: 256 random bits, of which only the hash is stored. */
import { createHash, randomBytes } from 'node:crypto'
import { JobError } from '../../core/errors/job-error.js'
import type { ApiDeps } from '../deps.js'
import type { Caller } from '../http/route.js'

export function newBearerToken(): { readonly token: string; readonly hash: string } {
  const token = `etl_${randomBytes(32).toString('base64url')}`
  return { token, hash: hashToken(token) }
}

export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

export async function authenticate(authorization: string | undefined, deps: ApiDeps): Promise<Caller> {
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined) {
    throw new JobError('auth.required', 'This needs a log-in', {
      hint: 'Send Authorization: Bearer <token> from POST /api/v1/auth/login.',
    })
  }
  const known = await deps.tokens.findOwner(hashToken(token))
  if (known === null) throw new JobError('auth.required', 'The token is not known, has expired or was revoked')
  return known
}
