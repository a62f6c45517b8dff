/** `/metrics` for Prometheus, and the counting of what is answered, by the template of its route. */
import { type RequestHandler, Router } from 'express'
import type { ApiMeters } from '../telemetry/api-meters.js'
import type { Route } from './http/route.js'

/** Of requests that no route of the table took. */
const OTHER = '(other)'

export function metrics({ exposition }: ApiMeters): Router {
  const router = Router()
  router.get('/metrics', async (_request, response) => {
    response.set({ 'Content-Type': exposition.contentType, 'Cache-Control': 'no-store' }).send(await exposition.text())
  })
  return router
}

/** Goes before everything that answers. */
export function measured(meters: ApiMeters): RequestHandler {
  return (request, response, next) => {
    const began = performance.now()
    response.once('close', () => {
      const { route = OTHER } = response.locals as { route?: string }
      const method = route === OTHER ? OTHER : request.method
      meters.answered(method, route, response.statusCode, (performance.now() - began) / 1000)
    })
    next()
  }
}

/** Says which route it is. */
export function named({ path }: Route): RequestHandler {
  return (_request, response, next) => {
    response.locals.route = path
    next()
  }
}
