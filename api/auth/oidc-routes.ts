/** Log-in through an OpenID Connect provider; it ends in the same token as one by password. */
import { JobError } from '../../core/errors/job-error.js'
import type { UserRecord } from '../../models/stores/user-store.js'
import type { ApiDeps } from '../deps.js'
import { type Route, route } from '../http/route.js'
import { noQuery } from '../http/schema.js'
import { OIDC_COOKIE, type OidcLogin, type OidcPerson } from './oidc.js'
import { loginAnswer, oidcQuery } from './schema.js'
import { openSession } from './session.js'

const shared = { tag: 'Users' } as const

export const oidcRoutes: readonly Route[] = [
  route({
    ...shared,
    method: 'get',
    path: '/auth/oidc',
    summary: 'Sends a browser to the OpenID Connect provider, if there is one (ETL_OIDC_ISSUER).',
    query: noQuery,
    status: 302,
    response: null,
    handle: async (_call, deps) => {
      const { url, cookie } = await providerOf(deps).begin()
      return { headers: { Location: url, 'Set-Cookie': cookie } }
    },
  }),
  route({
    ...shared,
    method: 'get',
    path: '/auth/oidc/callback',
    summary: 'Where the provider sends the browser back to: the same answer as of a log-in by password.',
    audit: { operation: 'LOGIN', resource: 'USER' },
    query: oidcQuery,
    status: 200,
    response: loginAnswer,
    handle: async (call, deps) => {
      const provider = providerOf(deps)
      const { url = '', headers } = call.raw.request
      const query = new URLSearchParams(url.split('?')[1] ?? '')
      const person = await provider.finish(query, cookieOf(headers.cookie))
      const known = await admit(person, call.newId, call.ip, deps)
      return {
        body: await openSession(known, call, deps),
        headers: { 'Set-Cookie': provider.clearedCookie },
        resourceId: known.userId,
        username: known.username,
      }
    },
  }),
]

function providerOf({ oidc }: ApiDeps): OidcLogin {
  if (oidc !== null) return oidc
  throw new JobError('not.found', 'There is no OpenID Connect provider', {
    hint: 'See ETL_OIDC_ISSUER in docs/oidc.md.',
  })
}

function cookieOf(header: string | undefined): string | undefined {
  const parts = (header ?? '').split(';').map((part) => part.trim())
  return parts.find((part) => part.startsWith(`${OIDC_COOKIE}=`))?.slice(OIDC_COOKIE.length + 1)
}

/** Made at the first log-in. The provider decides on the role, at every log-in. */
async function admit(person: OidcPerson, newId: string, ip: string, deps: ApiDeps): Promise<UserRecord> {
  const { role, ...described } = person
  if (role === null) throw new JobError('permission.denied', `${person.username} has no role here`, { hint: ASK })
  const known = await deps.users.findByExternalId(person.externalId)
  if (known === null) {
    // By its name a user of another log-in is never taken over.
    await deps.users.create({ ...described, role, userId: newId, passwordHash: null, authType: 'OIDC' })
  } else if (known.role !== role) {
    await deps.users.update(known.userId, { role }, null)
  }
  const userId = known?.userId ?? newId
  if (known?.status !== 'INACTIVE' && (await deps.users.noteLogin(userId, ip))) return await deps.users.find(userId)
  throw new JobError('auth.required', 'This user may not log in')
}

const ASK = 'ETL_OIDC_ROLES says which groups of the provider have one; ask who looks after it.'
