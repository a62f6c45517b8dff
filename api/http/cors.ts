/** Pages of other origins: none may call the API from a browser, unless ETL_API_CORS_ORIGINS names them. */
import type { RequestHandler } from 'express'

const METHODS = 'GET, POST, PUT, PATCH, DELETE'
const SENT = 'Authorization, Content-Type, If-Match, Idempotency-Key, Last-Event-ID'
const READ = 'ETag, Location, Retry-After, RateLimit, Idempotency-Replayed'

/** Tokens come in a header and never in a cookie, so credentials stay forbidden. */
export function cors(origins: readonly string[]): RequestHandler {
  return (request, response, next) => {
    if (origins.length === 0) return next()
    response.vary('Origin')
    const origin = request.get('origin')
    if (origin === undefined || !origins.includes(origin)) return next()
    response.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': READ })
    if (request.method !== 'OPTIONS' || request.get('access-control-request-method') === undefined) return next()
    response
      .set({
        'Access-Control-Allow-Methods': METHODS,
        'Access-Control-Allow-Headers': SENT,
        'Access-Control-Max-Age': '600',
      })
      .status(204)
      .end()
  }
}
