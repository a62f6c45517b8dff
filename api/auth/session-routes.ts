/** Log-in, log-out, and what a person may do about themselves. */
import { JobError } from '../../core/errors/job-error.js'
import type { UserRecord } from '../../models/stores/user-store.js'
import type { ApiDeps } from '../deps.js'
import { type Caller, callerOf, type Route, route } from '../http/route.js'
import { noQuery } from '../http/schema.js'
import { newBearerToken } from './bearer.js'
import { checkPassword, hashPassword, verifyPassword } from './password.js'
import { loginAnswer, loginBody, passwordBody, user } from './schema.js'

const audit = (operation: string) => ({ operation, resource: 'USER' })

export const sessionRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/auth/login',
    tag: 'Users',
    summary: 'Logs in: a bearer token for 12 hours, unless the setting security.session_hours says otherwise.',
    access: 'PUBLIC',
    audit: audit('LOGIN'),
    body: loginBody,
    status: 200,
    response: loginAnswer,
    handle: async ({ body, newId, ip }, deps) => {
      const known = await logIn(body.username, body.password, ip, deps)
      const { token, hash } = newBearerToken()
      const expiresAt = new Date(deps.now() + (await sessionHours(deps)) * 3_600_000).toISOString()
      const session = { tokenId: newId, userId: known.userId, name: 'log-in', type: 'SESSION', role: null } as const
      await deps.tokens.create({ ...session, hash, expiresAt })
      return { body: { token, expiresAt, username: known.username, role: known.role }, resourceId: known.userId }
    },
  }),
  route({
    method: 'post',
    path: '/auth/logout',
    tag: 'Users',
    summary: 'Revokes the token that this call carries.',
    access: 'USER',
    audit: audit('LOGOUT'),
    status: 204,
    response: null,
    handle: async (call, deps) => {
      const { tokenId, userId } = callerOf(call)
      await deps.tokens.revoke(tokenId, userId)
      return { resourceId: userId }
    },
  }),
  route({
    method: 'get',
    path: '/me',
    tag: 'Users',
    summary: 'Who the token belongs to.',
    access: 'USER',
    query: noQuery,
    status: 200,
    response: user,
    handle: async (call, deps) => ({ body: await deps.users.find(callerOf(call).userId) }),
  }),
  route({
    method: 'put',
    path: '/me/password',
    tag: 'Users',
    summary: 'Sets a new password, and revokes every other token of the user.',
    access: 'USER',
    audit: audit('CHANGE_PASSWORD'),
    body: passwordBody,
    status: 204,
    response: null,
    handle: async (call, deps) => {
      const caller = callerOf(call)
      await changePassword(caller, call.body.currentPassword, call.body.newPassword, deps)
      return { resourceId: caller.userId }
    },
  }),
]

/** Failed log-ins in a row lock the account; the answer to a wrong name and to a wrong password is the same. */
async function logIn(username: string, password: string, ip: string, deps: ApiDeps): Promise<UserRecord> {
  const known = await deps.users.findForLogin(username)
  if (known?.isLocked === true) throw locked()
  const right = await verifyPassword(password, known?.passwordHash ?? null)
  if (known === null) throw refused()
  const { userId, status } = known.user
  if (!right) {
    const attempts = await deps.configs.number('security.login_attempts', 5)
    const minutes = await deps.configs.number('security.lock_minutes', 15)
    throw (await deps.users.noteFailedLogin(userId, attempts, minutes)) ? locked() : refused()
  }
  if (status === 'INACTIVE') throw refused()
  if (!(await deps.users.noteLogin(userId, ip))) throw locked()
  return known.user
}

function sessionHours(deps: ApiDeps): Promise<number> {
  return deps.configs.number('security.session_hours', 12)
}

async function changePassword(caller: Caller, current: string, next: string, deps: ApiDeps): Promise<void> {
  const known = await deps.users.findForLogin(caller.username)
  if (!(await verifyPassword(current, known?.passwordHash ?? null))) {
    throw new JobError('permission.denied', 'The present password is not right', { pointer: '/currentPassword' })
  }
  checkPassword(next, caller.username, '/newPassword')
  await deps.users.setPassword(caller.userId, await hashPassword(next))
  await deps.tokens.revokeAll(caller.userId, caller.tokenId)
}

function refused(): JobError {
  return new JobError('auth.required', 'The user name or the password is not right')
}

function locked(): JobError {
  return new JobError('auth.locked', 'The account is locked after failed log-ins', {
    hint: 'Wait, or have an ADMIN unlock it.',
  })
}
