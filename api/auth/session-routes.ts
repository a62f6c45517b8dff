/** Log-in, log-out, and what a person may do about themselves. */
import { JobError } from '../../core/errors/job-error.js'
import type { UserRecord } from '../../models/stores/user-store.js'
import type { ApiDeps } from '../deps.js'
import { type Caller, callerOf, type Route, route } from '../http/route.js'
import { noQuery } from '../http/schema.js'
import { checkPassword, hashPassword, leastCharacters, noPassword } from './password.js'
import { loginAnswer, loginBody, passwordBody, user } from './schema.js'
import { openSession } from './session.js'

const audit = (operation: string) => ({ operation, resource: 'USER' })

export const sessionRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/auth/login',
    tag: 'Users',
    summary: 'Logs in: a bearer token for 12 hours, unless the setting security.session_hours says otherwise.',
    audit: audit('LOGIN'),
    body: loginBody,
    status: 200,
    response: loginAnswer,
    handle: async (call, deps) => {
      const known = await logIn(call.body.username, call.body.password, call.ip, deps)
      return { body: await openSession(known, call, deps), resourceId: known.userId, username: known.username }
    },
  }),
  route({
    method: 'post',
    path: '/auth/logout',
    tag: 'Users',
    summary: 'Revokes the token that this call carries.',
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
    query: noQuery,
    status: 200,
    response: user,
    handle: async (call, deps) => ({ body: await deps.users.find(callerOf(call).userId) }),
  }),
  route({
    method: 'put',
    path: '/me/password',
    tag: 'Users',
    summary: 'Sets a new password, and revokes every other token and log-in of the user.',
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

/**
 * Failed log-ins in a row lock the account. Nobody learns from the answer, or from how long it takes, whether the name is
 * known, the password wrong, or the account locked: a comparison is made in each case.
 */
async function logIn(username: string, password: string, ip: string, deps: ApiDeps): Promise<UserRecord> {
  const known = await deps.users.findForLogin(username)
  const right = await deps.verifyPassword(password, known?.passwordHash ?? null)
  const mayTry = known !== null && !known.isLocked && known.user.status !== 'INACTIVE'
  if (!mayTry || !right) {
    // Who has no password cannot be shut out by guessing at it. The statements are the same for nobody.
    await noteFailure(mayTry && known.user.authType === 'PASSWORD' ? known.user.userId : NOBODY, deps)
    throw refused()
  }
  const { userId } = known.user
  if (!(await deps.users.noteLogin(userId, ip))) throw refused()
  return known.user
}

const NOBODY = ''

async function noteFailure(userId: string, deps: ApiDeps): Promise<void> {
  const attempts = await deps.configs.number('security.login_attempts', 5)
  await deps.users.noteFailedLogin(userId, attempts, await deps.configs.number('security.lock_minutes', 15))
}

/** Whoever has taken over a session has no more tries at the password than at the log-in. */
async function changePassword(caller: Caller, current: string, next: string, deps: ApiDeps): Promise<void> {
  const known = await deps.users.findForLogin(caller.username)
  if (known?.user.authType === 'OIDC') throw noPassword()
  const right = await deps.verifyPassword(current, known?.passwordHash ?? null)
  if (!right && known?.isLocked === false) await noteFailure(caller.userId, deps)
  // Others may have guessed in the meantime.
  if (!right || (await deps.users.findForLogin(caller.username))?.isLocked !== false) {
    throw new JobError('permission.denied', 'The present password is not right', { pointer: '/currentPassword' })
  }
  checkPassword(next, caller.username, '/newPassword', await leastCharacters(deps.configs))
  await deps.users.setPassword(caller.userId, await hashPassword(next))
  await deps.tokens.revokeAll(caller.userId, caller.tokenId)
}

function refused(): JobError {
  return new JobError('auth.required', 'The user name or the password is not right', {
    hint: 'After several failures in a row an account is closed for a while; an ADMIN can unlock it.',
  })
}
