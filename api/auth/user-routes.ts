/** Users, for ADMIN. */
import { JobError } from '../../core/errors/job-error.js'
import { pageRequest } from '../http/page.js'
import { callerOf, type Route, route } from '../http/route.js'
import { noQuery, versionQuery } from '../http/schema.js'
import { checkPassword, hashPassword, leastCharacters, noPassword } from './password.js'
import { changedUser, newUser, user, userList, userParams, userQuery } from './schema.js'

const shared = { tag: 'Users' } as const
const audit = (operation: string) => ({ operation, resource: 'USER' })

export const userRoutes: readonly Route[] = [
  route({
    ...shared,
    method: 'get',
    path: '/users',
    summary: 'All users.',
    query: userQuery,
    status: 200,
    response: userList,
    handle: async ({ query }, deps) => ({ body: await deps.users.list(pageRequest(query)) }),
  }),
  route({
    ...shared,
    method: 'post',
    path: '/users',
    summary: 'Creates a user.',
    audit: audit('CREATE_USER'),
    body: newUser,
    status: 201,
    response: user,
    handle: async ({ body, newId }, deps) => {
      checkPassword(body.password, body.username, '/password', await leastCharacters(deps.configs))
      const { password, email = null, displayName = null, ...rest } = body
      const passwordHash = await hashPassword(password)
      const created = await deps.users.create({ ...rest, email, displayName, passwordHash, userId: newId })
      return { body: created, resourceId: newId, headers: { Location: `/api/v1/users/${newId}` } }
    },
  }),
  route({
    ...shared,
    method: 'get',
    path: '/users/{userId}',
    summary: 'One user.',
    params: userParams,
    query: noQuery,
    status: 200,
    response: user,
    handle: async ({ params }, deps) => {
      const found = await deps.users.find(params.userId)
      return { body: found, headers: { ETag: `"${found.version}"` } }
    },
  }),
  route({
    ...shared,
    method: 'put',
    path: '/users/{userId}',
    summary:
      'Changes a user; a new password revokes their tokens, a new role holds at once. The last active ADMIN stays one.',
    audit: audit('UPDATE_USER'),
    versioned: true,
    params: userParams,
    query: versionQuery,
    body: changedUser,
    status: 200,
    response: user,
    handle: async (call, deps) => {
      const { userId } = call.params
      const { password, version: _version, ...change } = call.body
      if (userId === callerOf(call).userId && (change.role ?? 'ADMIN') !== 'ADMIN') throw notYourself()
      if (userId === callerOf(call).userId && change.status === 'INACTIVE') throw notYourself()
      const known = await deps.users.find(userId)
      if (password !== undefined && known.authType === 'OIDC') throw noPassword('/password')
      if (password !== undefined)
        checkPassword(password, known.username, '/password', await leastCharacters(deps.configs))
      const changed = await deps.users.update(userId, change, call.version)
      if (password !== undefined) await deps.users.setPassword(userId, await hashPassword(password))
      if (password !== undefined || change.status === 'INACTIVE') {
        await deps.tokens.revokeAll(userId, userId === callerOf(call).userId ? callerOf(call).tokenId : null)
      }
      return { body: password === undefined ? changed : await deps.users.find(userId) }
    },
  }),
  route({
    ...shared,
    method: 'delete',
    path: '/users/{userId}',
    summary: 'Removes a user and their tokens; the audit keeps their name. The last active ADMIN stays.',
    audit: audit('DELETE_USER'),
    params: userParams,
    query: versionQuery,
    status: 204,
    response: null,
    handle: async (call, deps) => {
      if (call.params.userId === callerOf(call).userId) throw notYourself()
      await deps.users.remove(call.params.userId, call.version)
      return {}
    },
  }),
  route({
    ...shared,
    method: 'post',
    path: '/users/{userId}/unlock',
    summary: 'Unlocks an account after failed log-ins.',
    audit: audit('UNLOCK_USER'),
    params: userParams,
    status: 200,
    response: user,
    handle: async ({ params }, deps) => ({ body: await deps.users.unlock(params.userId) }),
  }),
]

function notYourself(): JobError {
  return new JobError('conflict', 'You cannot remove, deactivate or demote yourself', { hint: 'Ask another ADMIN.' })
}
