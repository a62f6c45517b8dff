/** How often a log-in may be tried, ahead of any password check; the lock-out of an account comes on top. */
import { createHash } from 'node:crypto'
import type { Request, RequestHandler } from 'express'
import { type Options, rateLimit } from 'express-rate-limit'
import { JobError } from '../../core/errors/job-error.js'
import type { ApiDeps } from '../deps.js'
import { writeAudit } from '../http/audit.js'
import { sendProblem } from '../http/problem.js'
import { sessionRoutes } from './session-routes.js'

const loginRoute = sessionRoutes.find(({ path }) => path === '/auth/login')!

/** From one address. */
export function addressLimit(deps: ApiDeps): RequestHandler {
  return loginLimit(deps, deps.limits.loginsPerMinute, 'from this address', { standardHeaders: 'draft-8' })
}

/** Of one name, whether there is such a user or not: the answer tells nothing of who there is. */
export function nameLimit(deps: ApiDeps): RequestHandler {
  const options = { standardHeaders: false, keyGenerator: hashOfName }
  return loginLimit(deps, deps.limits.loginsPerMinuteOfUser, 'of this user', options)
}

function loginLimit(deps: ApiDeps, perMinute: number, whose: string, options: Partial<Options>): RequestHandler {
  return rateLimit({
    ...options,
    windowMs: 60_000,
    limit: perMinute,
    legacyHeaders: false,
    handler: async (request, response) => {
      const error = new JobError('rate.limited', `Too many log-ins ${whose}`)
      // The first of a minute: whoever hammers at the door must not fill the audit.
      const { rateLimit: counted } = request as { rateLimit?: { used: number } }
      if (counted?.used === perMinute + 1) {
        await writeAudit(
          { route: loginRoute, request, caller: null, startedAtMs: Date.now(), answer: null, error },
          deps,
        )
      }
      sendProblem(response, error)
    },
  })
}

function hashOfName({ body }: Request): string {
  const name = (body as { username?: unknown } | undefined)?.username
  return (
    createHash('sha256')
      // A database takes no notice of blanks at the end.
      .update(typeof name === 'string' ? name.trim().toLowerCase() : '')
      .digest('base64')
  )
}
