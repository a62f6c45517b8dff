/** API tokens, for scripts: they carry the role of their user or a smaller one, and are shown once. Log-ins are tokens too. */
import { JobError } from '../../core/errors/job-error.js'
import { includesRole, type Role } from '../../core/security/roles.js'
import type { ApiDeps } from '../deps.js'
import { pageRequest } from '../http/page.js'
import { callerOf, type Route, route, userAgentOf } from '../http/route.js'
import { newBearerToken } from './bearer.js'
import { createdToken, newToken, tokenList, tokenParams, tokenQuery } from './schema.js'

const shared = { tag: 'Users' } as const
const audit = (operation: string) => ({ operation, resource: 'TOKEN' })

export const tokenRoutes: readonly Route[] = [
  route({
    ...shared,
    method: 'get',
    path: '/tokens',
    summary:
      'Your tokens and log-ins that are valid; the tokens themselves are never shown again. ADMIN: those of others too.',
    query: tokenQuery,
    status: 200,
    response: tokenList,
    handle: async (call, deps) => {
      const { userId: own, role } = callerOf(call)
      const { userId = own, ...query } = call.query
      if (userId !== own && role !== 'ADMIN')
        throw new JobError('permission.denied', 'Only an ADMIN sees those of others')
      return { body: await deps.tokens.list({ ...pageRequest(query), userId: userId === 'all' ? null : userId }) }
    },
  }),
  route({
    ...shared,
    method: 'post',
    path: '/tokens',
    summary: 'Makes an API token.',
    audit: audit('CREATE_TOKEN'),
    body: newToken,
    status: 201,
    response: createdToken,
    handle: async (call, deps) => {
      const { token, hash } = newBearerToken()
      const { userId, role: own, tokenEnds } = callerOf(call)
      const { name, role = null, expiresInDays: days } = call.body
      const wished = days === null ? null : new Date(deps.now() + days * 86_400_000).toISOString()
      if (role !== null && !includesRole(own, role)) {
        throw new JobError('permission.denied', `A token cannot have more rights than its owner, who has ${own}`)
      }
      const created = await deps.tokens.create({
        tokenId: call.newId,
        userId,
        name,
        type: 'API',
        // Of a token that is smaller than its user, no larger one comes.
        role: role ?? (await ownRole(userId, own, deps)),
        hash,
        expiresAt: earlier(wished, tokenEnds),
        address: call.ip,
        userAgent: userAgentOf(call),
      })
      return { body: { ...created, token }, resourceId: call.newId }
    },
  }),
  route({
    ...shared,
    method: 'delete',
    path: '/tokens/{tokenId}',
    summary: 'Revokes one of your tokens or log-ins; ADMIN: anybody’s.',
    audit: audit('REVOKE_TOKEN'),
    params: tokenParams,
    status: 204,
    response: null,
    handle: async (call, deps) => {
      const { userId, role } = callerOf(call)
      await deps.tokens.revoke(call.params.tokenId, role === 'ADMIN' ? null : userId)
      return {}
    },
  }),
]

/** Times of ISO 8601; null: never. */
function earlier(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other
  return one < other ? one : other
}

async function ownRole(userId: string, own: Role, deps: ApiDeps): Promise<Role | null> {
  return (await deps.users.find(userId)).role === own ? null : own
}
