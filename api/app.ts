/** The HTTP application, without a port: every route of the table, then one answer for what is unknown and one for what fails. */
import { createHash } from 'node:crypto'
import express, { type Express, type Request, type RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import helmet from 'helmet'
import { JobError } from '../core/errors/job-error.js'
import type { ApiDeps } from './deps.js'
import { docs } from './docs.js'
import { health } from './health.js'
import { writeAudit } from './http/audit.js'
import { cors } from './http/cors.js'
import { callLimit } from './http/limit.js'
import { otherMethods } from './http/methods.js'
import { errorMiddleware, sendProblem, unknownRoute } from './http/problem.js'
import { handlerOf } from './http/register.js'
import { measured, metrics, named } from './metrics.js'
import { ROUTES } from './routes.js'

const BASE = '/api/v1'
const loginRoute = ROUTES.find(({ path }) => path === '/auth/login')!

export function createApp(deps: ApiDeps): Express {
  const app = express()
  app.disable('x-powered-by').set('query parser', 'simple').set('etag', false)
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }))
  app.set('trust proxy', [...deps.limits.trustedProxies])
  app.use(health(deps))
  app.use(metrics(deps.meters))
  app.use(measured(deps.meters))
  app.use(callLimit(deps.limits.callsPerMinute))
  app.use(cors(deps.limits.corsOrigins))
  app.use(`${BASE}/docs`, docs())
  app.post(`${BASE}/auth/login`, loginLimit(deps, deps.limits.loginsPerMinute, 'from this address'))
  app.get(`${BASE}/auth/oidc{/callback}`, loginLimit(deps, deps.limits.loginsPerMinute, 'from this address'))
  app.use(express.json({ limit: deps.limits.bodyBytes, type: ['application/json', 'application/*+json'] }))
  app.post(`${BASE}/auth/login`, loginLimit(deps, deps.limits.loginsPerMinuteOfUser, 'of this user', nameOf))
  for (const route of ROUTES)
    app[route.method](`${BASE}${expressPath(route.path)}`, named(route), handlerOf(route, deps))
  for (const { path, handle } of otherMethods(ROUTES)) app.all(`${BASE}${expressPath(path)}`, handle)
  app.use(unknownRoute)
  app.use(errorMiddleware(deps.log))
  return app
}

function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

/**
 * Ahead of any password check; the lock-out of an account comes on top. A name counts whether there is such a user or not, so
 * the answer tells nothing of who there is.
 */
function loginLimit(
  deps: ApiDeps,
  perMinute: number,
  whose: string,
  keyOf?: (request: Request) => string,
): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: keyOf === undefined ? 'draft-8' : false,
    legacyHeaders: false,
    ...(keyOf === undefined ? {} : { keyGenerator: keyOf }),
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

function nameOf({ body }: Request): string {
  const name = (body as { username?: unknown } | undefined)?.username
  return createHash('sha256')
    .update(typeof name === 'string' ? name : '')
    .digest('base64')
}
