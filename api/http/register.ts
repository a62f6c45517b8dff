/** Turns one route into an express handler: who calls, may they, is it well formed, was it asked before; then the work, then the audit. */
import { randomUUID } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'
import { JobError } from '../../core/errors/job-error.js'
import { includesRole } from '../../core/security/roles.js'
import { authenticate } from '../auth/bearer.js'
import type { ApiDeps } from '../deps.js'
import { refuseUnreadable } from './body.js'
import { type Claim, claimKey } from './idempotency.js'
import { inTime } from './in-time.js'
import { type OpenCall, tell } from './open-calls.js'
import type { Answer, Call, Caller, GuardedRoute } from './route.js'
import { refuseBackward, validated } from './validate.js'

export function handlerOf(route: GuardedRoute, deps: ApiDeps): RequestHandler {
  return async (request, response) => {
    const open: OpenCall = { route, request, startedAtMs: Date.now(), caller: null, isTold: false }
    deps.openCalls.add(open)
    let answer: Answer
    try {
      if (route.access !== 'PUBLIC') open.caller = await authenticate(request.get('authorization'), deps)
      checkRole(route, open.caller)
      refuseUnreadable(request)
      answer = await inTime(route, answerOf(route, request, response, open.caller, deps))
      await tell(open, answer, null, deps)
    } catch (error) {
      await tell(open, null, error, deps)
      throw error
    } finally {
      deps.openCalls.delete(open)
    }
    if (answer.sent !== true) send(route, response, answer)
  }
}

function checkRole(route: GuardedRoute, caller: Caller | null): void {
  if (route.access === 'PUBLIC' || route.visibleTo === 'PUBLIC' || caller === null) return
  if (!includesRole(caller.role, route.visibleTo)) throw new JobError('not.found', 'There is no such thing')
  if (includesRole(caller.role, route.access)) return
  throw new JobError('permission.denied', `This needs the role ${route.access}; ${caller.username} has ${caller.role}`)
}

async function answerOf(
  route: GuardedRoute,
  request: Request,
  response: Response,
  caller: Caller | null,
  deps: ApiDeps,
): Promise<Answer> {
  const key = route.idempotent === true ? request.get('idempotency-key') : undefined
  const claim = key === undefined ? null : await claimKey(key, caller?.userId ?? '', request, deps)
  if (claim?.answer != null) return claim.answer
  let answer: Answer
  try {
    answer = await route.handle(readCall(route, request, response, caller, claim), deps)
  } catch (error) {
    await claim?.release()
    throw error
  }
  if (deps.checkAnswers && route.response !== null && answer.body !== undefined) route.response.parse(answer.body)
  await claim?.keep({ status: route.status, ...answer })
  return answer
}

function readCall(
  route: GuardedRoute,
  request: Request,
  response: Response,
  caller: Caller | null,
  claim: Claim | null,
): Call {
  const query = validated(route.query, request.query, 'query')
  refuseBackward(query)
  const body = validated(route.body, request.body ?? {}, 'body')
  const version = versionOf(request.get('if-match'), query, body)
  if (route.versioned === true && version === null) throw unversioned()
  return {
    params: validated(route.params, request.params, 'path'),
    query,
    body,
    caller,
    newId: claim?.newId ?? randomUUID(),
    version,
    ip: request.ip ?? '',
    raw: { request, response },
  }
}

function versionOf(ifMatch: string | undefined, query: unknown, body: unknown): number | null {
  if (ifMatch !== undefined && ifMatch !== '*') {
    const version = /^(?:W\/)?"?(\d+)"?$/.exec(ifMatch.trim())?.[1]
    if (version === undefined) throw new JobError('usage.invalid', 'If-Match must hold a version, such as "3"')
    return Number(version)
  }
  for (const part of [query, body]) {
    const version = (part as { version?: unknown } | undefined)?.version
    if (typeof version === 'number') return version
  }
  return null
}

function unversioned(): JobError {
  return new JobError('usage.invalid', 'A change needs the version that it is based on', {
    pointer: '/version',
    hint: 'Read it first: its `version` is also its ETag; send it as If-Match or as `version`.',
  })
}

function send(route: GuardedRoute, response: Response, answer: Answer): void {
  response.set({ 'Cache-Control': 'no-store', ...answer.headers }).status(answer.status ?? route.status)
  if (answer.body === undefined) response.end()
  else response.json(answer.body)
}
