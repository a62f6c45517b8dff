/** Reads bodies, for every route. One that cannot be taken is refused where it is known who calls, so that the audit tells of it. */
import { isUtf8 } from 'node:buffer'
import express, { type Request, type RequestHandler } from 'express'
import { JobError } from '../../core/errors/job-error.js'

/** No document needs more, and whatever walks a body walks into it. */
const MOST_LEVELS = 100

const JSON_TYPES = ['application/json', 'application/*+json']

export function readBody(mostBytes: number): RequestHandler {
  const read = express.json({ limit: mostBytes, type: JSON_TYPES, verify: refuseBrokenBytes })
  return (request, response, next) => {
    read(request, response, (error?: unknown) => {
      const refused = error ?? bodyProblem(request.body)
      if (refused !== null) {
        request.body = undefined
        unreadable.set(request, refused)
      }
      next()
    })
  }
}

/** Throws what was wrong with the body of this request, if anything was. */
export function refuseUnreadable(request: Request): void {
  if (unreadable.has(request)) throw unreadable.get(request)
}

const unreadable = new WeakMap<Request, unknown>()

/** They would be read as U+FFFD, and nobody would hear of it. */
function refuseBrokenBytes(_request: unknown, _response: unknown, bytes: Buffer, encoding: string): void {
  if (/^utf-?8$/i.test(encoding) && !isUtf8(bytes)) throw new JobError('usage.invalid', 'The body is not UTF-8')
}

/** With a list of its own: what is nested too deep must not be the end of who looks for it. */
function bodyProblem(body: unknown): JobError | null {
  let level: unknown[] = [body]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MOST_LEVELS) return tooDeep()
    const below: unknown[] = []
    for (const value of level) {
      if (isBroken(value)) return brokenText()
      if (typeof value !== 'object' || value === null) continue
      if (!Array.isArray(value) && Object.keys(value).some(isBroken)) return brokenText()
      for (const item of Object.values(value)) below.push(item)
    }
    level = below
  }
  return null
}

/** Half of a pair of UTF-16, which no database keeps as it is. */
const isBroken = (value: unknown): boolean => typeof value === 'string' && /\p{Surrogate}/u.test(value)

const tooDeep = () => new JobError('usage.invalid', `The body is nested deeper than ${MOST_LEVELS} levels`)

const brokenText = () =>
  new JobError('usage.invalid', 'The body holds a text that is not Unicode: one half of a surrogate pair', {
    hint: 'Whatever cut the text cut through a character; send it whole, or without that.',
  })
