/** How often one client may call: by address, in a window of a minute. */
import type { Request, RequestHandler } from 'express'
import { rateLimit } from 'express-rate-limit'
import { JobError } from '../../core/errors/job-error.js'
import { sendProblem } from './problem.js'

/** 0: as often as it likes. Health is asked before this, so a probe is never refused. */
export function callLimit(perMinute: number): RequestHandler {
  if (perMinute === 0) return (_request, _response, next) => next()
  return rateLimit({
    windowMs: 60_000,
    limit: perMinute,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    // Whose X-Forwarded-For is believed is said by ETL_API_TRUSTED_PROXIES; another one is no mistake of ours.
    validate: { xForwardedForHeader: false },
    handler: (_request: Request, response) =>
      sendProblem(
        response,
        new JobError('rate.limited', `More than ${perMinute} calls a minute from this address`, {
          hint: 'Wait for as many seconds as Retry-After says; ETL_API_RATE_LIMIT sets the limit.',
        }),
      ),
  })
}
