/** API tokens of the caller, for scripts: they carry the caller's role and are shown once. */
import { JobError } from '../../core/errors/job-error.js'
import { includesRole } from '../../core/security/roles.js'
import { pageRequest } from '../http/page.js'
import { callerOf, type Route, route } from '../http/route.js'
import { newBearerToken } from './bearer.js'
import { createdToken, newToken, tokenList, tokenParams, tokenQuery } from './schema.js'

const shared = { tag: 'Users', access: 'USER' } as const
const audit = (operation: string) => ({ operation, resource: 'TOKEN' })

export const tokenRoutes: readonly Route[] = [
  route({
    ...shared,
    method: 'get',
    path: '/tokens',
    summary: 'Your tokens that are valid; the tokens themselves are never shown again.',
    query: tokenQuery,
    status: 200,
    response: tokenList,
    handle: async (call, deps) => ({ body: await deps.tokens.list(callerOf(call).userId, pageRequest(call.query)) }),
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
      const expiresAt = new Date(deps.now() + call.body.expiresInDays * 86_400_000).toISOString()
      const { userId, role: own } = callerOf(call)
      const { name, role = null } = call.body
      if (role !== null && !includesRole(own, role)) {
        throw new JobError('permission.denied', `A token cannot have more rights than its owner, who has ${own}`)
      }
      const created = await deps.tokens.create({
        tokenId: call.newId,
        userId,
        name,
        type: 'API',
        role,
        hash,
        expiresAt,
      })
      return { body: { ...created, token }, resourceId: call.newId }
    },
  }),
  route({
    ...shared,
    method: 'delete',
    path: '/tokens/{tokenId}',
    summary: 'Revokes one of your tokens.',
    audit: audit('REVOKE_TOKEN'),
    params: tokenParams,
    status: 204,
    response: null,
    handle: async (call, deps) => {
      await deps.tokens.revoke(call.params.tokenId, callerOf(call).userId)
      return {}
    },
  }),
]
