/** The HTTP application, without a port: every route of the table, then one answer for what is unknown and one for what fails. */
import express, { type Express } from 'express'
import helmet from 'helmet'
import { addressLimit, nameLimit } from './auth/login-limit.js'
import type { ApiDeps } from './deps.js'
import { docs } from './docs.js'
import { health } from './health.js'
import { readBody } from './http/body.js'
import { cors } from './http/cors.js'
import { callLimit } from './http/limit.js'
import { otherMethods } from './http/methods.js'
import { errorMiddleware, unknownRoute } from './http/problem.js'
import { handlerOf } from './http/register.js'
import { measured, metrics, named } from './metrics.js'
import { ROUTES } from './routes.js'

const BASE = '/api/v1'

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
  app.post(`${BASE}/auth/login`, addressLimit(deps))
  app.get(`${BASE}/auth/oidc{/callback}`, addressLimit(deps))
  app.use(readBody(deps.limits.bodyBytes))
  app.post(`${BASE}/auth/login`, nameLimit(deps))
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
