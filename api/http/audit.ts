/** Every call that changes something leaves a row in etl_operation_log, refused and failed ones too, without secrets. */
import type { Request } from 'express'
import { reportError } from '../../core/errors/job-error.js'
import { redactGiven } from '../../core/security/secret-fields.js'
import type { ApiDeps } from '../deps.js'
import { faultOf, problemDetails } from './problem.js'
import type { Answer, Caller, Route } from './route.js'

export interface AuditedCall {
  readonly route: Route
  readonly request: Request
  readonly caller: Caller | null
  readonly startedAtMs: number
  readonly answer: Answer | null
  readonly error: unknown
}

export async function writeAudit(call: AuditedCall, deps: ApiDeps): Promise<void> {
  const { route, request, answer } = call
  if (route.audit === undefined) return
  const params = request.params as Record<string, string>
  try {
    await deps.operationLog.append({
      userId: call.caller?.userId ?? null,
      username: call.caller?.username ?? attemptedName(request),
      operationType: route.audit.operation,
      resourceType: route.audit.resource,
      resourceId: Object.values(params)[0] ?? answer?.resourceId ?? null,
      requestMethod: request.method,
      requestPath: request.path.slice(0, 512),
      responseStatus: answer === null ? problemDetails(call.error).status : (answer.status ?? route.status),
      requestParams: { ...params, ...request.query, ...auditedBody(route, request, deps, params) },
      succeeded: answer !== null,
      errorMessage: answer === null ? reportedMessage(call.error) : null,
      ipAddress: request.ip ?? '',
      userAgent: request.get('user-agent')?.slice(0, 500) ?? null,
      durationMs: Date.now() - call.startedAtMs,
    })
  } catch (error) {
    // What was done is done: the caller is not told that it failed.
    deps.log.error({ operation: route.audit.operation, ...faultOf(error) }, 'the audit row could not be written')
  }
}

function auditedBody(
  route: Route,
  request: Request,
  deps: ApiDeps,
  params: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const body: unknown = request.body
  if (body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0)) return {}
  return { body: redactGiven(route.auditBody === undefined ? body : route.auditBody(body, deps, params)) }
}

/** Of a log-in that failed. */
function attemptedName(request: Request): string | null {
  const name = (request.body as { username?: unknown } | undefined)?.username
  return typeof name === 'string' ? name.slice(0, 64) : null
}

function reportedMessage(error: unknown): string {
  const { code, message } = reportError(error)
  return code === 'internal' ? 'internal error' : `${code}: ${message}`.slice(0, 1000)
}
