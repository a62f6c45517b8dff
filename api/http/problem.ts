/** RFC 9457 problem details from any error: the one place that turns an error into an answer. */
import type { ErrorRequestHandler, RequestHandler, Response } from 'express'
import { errorPagePath } from '../../core/errors/advice.js'
import { CODES } from '../../core/errors/codes.js'
import type { InvalidInput } from '../../core/errors/invalid-input.js'
import { isJobError, JobError } from '../../core/errors/job-error.js'
import type { Problem } from '../../core/errors/problem.js'
import type { Log } from '../log.js'

export interface ProblemDetails {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly hint?: string
  readonly errors: readonly Problem[]
}

const RETRY_SECONDS = 5

export function problemDetails(error: unknown): ProblemDetails {
  const known = isJobError(error) ? error : fromHttpError(error)
  const facts = CODES[known.code]
  return {
    type: errorPagePath(known.code),
    title: facts.meaning,
    status: facts.http,
    detail: known.message,
    code: known.code,
    ...(known.hint === undefined ? {} : { hint: known.hint }),
    errors: problemsOf(known),
  }
}

export function sendProblem(response: Response, error: unknown): void {
  const details = problemDetails(error)
  if (details.status === 401) response.setHeader('WWW-Authenticate', 'Bearer')
  // What is away comes back by itself: the call may be made again.
  if (details.status === 503 && !response.hasHeader('Retry-After')) response.setHeader('Retry-After', RETRY_SECONDS)
  response.status(details.status).type('application/problem+json').send(JSON.stringify(details))
}

export const unknownRoute: RequestHandler = (request) => {
  throw new JobError('not.found', `There is no ${request.method} ${request.path}`, {
    hint: 'GET /api/v1/openapi.json lists every route.',
  })
}

export function errorMiddleware(log: Log): ErrorRequestHandler {
  return (error, request, response, next) => {
    if (!isJobError(error) && !isClientError(error)) {
      log.error({ method: request.method, path: request.path, ...faultOf(error) }, 'request failed')
    }
    if (response.headersSent) return next(error)
    sendProblem(response, error)
  }
}

/** For the log: what happened and where; not the statement and its values, which errors of the database carry along. */
export function faultOf(error: unknown): { readonly fault: string; readonly stack?: string } {
  if (!(error instanceof Error)) return { fault: String(error) }
  return { fault: `${error.name}: ${error.message}`, ...(error.stack === undefined ? {} : { stack: error.stack }) }
}

/** An unexpected error keeps its words to the log: they may hold statements, paths or secrets. */
function fromHttpError(error: unknown): JobError {
  if (!isClientError(error)) return new JobError('internal', CODES.internal.meaning)
  if (error.status === 413) return new JobError('request.too-large', CODES['request.too-large'].meaning)
  if (error.type !== 'entity.parse.failed')
    return new JobError('usage.invalid', `The request cannot be read: ${error.message}`)
  // The parser's words quote the text, which may be a secret.
  const position = /at position \d+/.exec(error.message)?.[0]
  return new JobError(
    'spec.unreadable',
    `The body is not JSON${position === undefined ? '' : `, from ${position.slice(3)} on`}`,
  )
}

function isClientError(error: unknown): error is { status: number; type?: string; message: string } {
  if (!(error instanceof Error) || !('status' in error)) return false
  return typeof error.status === 'number' && error.status >= 400 && error.status < 500
}

function problemsOf(error: JobError): readonly Problem[] {
  const problems = (error as Partial<InvalidInput>).problems
  if (problems !== undefined) return problems
  if (error.pointer === undefined && error.nodeId === undefined) return []
  const { code, message } = error
  return [{ pointer: error.pointer ?? '', nodeId: error.nodeId ?? null, code, message, hint: error.hint ?? null }]
}
