/** The HTTP application, without a port: every route of the table, then one answer for what is unknown and one for what fails. */
import express, { type Express, type RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import helmet from 'helmet'
import { JobError } from '../core/errors/job-error.js'
import type { ApiDeps } from './deps.js'
import { docs } from './docs.js'
import { health } from './health.js'
import { cors } from './http/cors.js'
import { callLimit } from './http/limit.js'
import { otherMethods } from './http/methods.js'
import { errorMiddleware, sendProblem, unknownRoute } from './http/problem.js'
import { handlerOf } from './http/register.js'
import { ROUTES } from './routes.js'

const BASE = '/api/v1'

export function createApp(deps: ApiDeps): Express {
  const app = express()
  app.disable('x-powered-by').set('query parser', 'simple').set('etag', false)
  app.use(helmet({ contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } } }))
  app.set('trust proxy', [...deps.limits.trustedProxies])
  app.use(health(deps))
  app.use(callLimit(deps.limits.callsPerMinute))
  app.use(cors(deps.limits.corsOrigins))
  app.use(`${BASE}/docs`, docs())
  app.post(`${BASE}/auth/login`, loginLimit(deps.limits.loginsPerMinute))
  app.use(express.json({ limit: deps.limits.bodyBytes, type: ['application/json', 'application/*+json'] }))
  for (const route of ROUTES) app[route.method](`${BASE}${expressPath(route.path)}`, handlerOf(route, deps))
  for (const { path, handle } of otherMethods(ROUTES)) app.all(`${BASE}${expressPath(path)}`, handle)
  app.use(unknownRoute)
  app.use(errorMiddleware(deps.log))
  return app
}

function expressPath(path: string): string {
  return path.replaceAll(/\{(\w+)\}/g, ':$1')
}

/** By address, ahead of any password check; the lock-out of an account comes on top. */
function loginLimit(perMinute: number): RequestHandler {
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    handler: (_request, response) =>
      sendProblem(response, new JobError('rate.limited', 'Too many log-ins from this address')),
  })
}
