/** Every call that changes something leaves a row in etl_operation_log, refused and failed ones too, without secrets. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Request } from 'express'
import { type ConfigSchema, jsonSchemaOf } from '../../core/config/schema.js'
import { reportError } from '../../core/errors/job-error.js'
import { maskUnknown } from '../../core/security/mask-unknown.js'
import { MASK, maskParts, redactGiven, type SchemaNode } from '../../core/security/secret-fields.js'
import type { Operation } from '../../models/stores/operation-log-store.js'
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
  const operation = operationOf(call, deps)
  if (operation !== null) await appendWithin(operation, deps)
}

/** The process ends in the middle of it: what it was to do may be done, or not. */
export async function auditCutOff(call: Omit<AuditedCall, 'answer' | 'error'>, deps: ApiDeps): Promise<void> {
  const operation = operationOf({ ...call, answer: null, error: null }, deps)
  if (operation !== null) await appendWithin({ ...operation, responseStatus: null, errorMessage: CUT_OFF }, deps)
}

const CUT_OFF = 'unknown: the API was stopped before the call had ended; what it was to do may be done, or not'

function operationOf(call: AuditedCall, deps: ApiDeps): Operation | null {
  const { route, request, answer } = call
  if (route.audit === undefined) return null
  const params = request.params as Record<string, string>
  return {
    userId: call.caller?.userId ?? null,
    username: call.caller?.username ?? answer?.username ?? attemptedName(request),
    operationType: route.audit.operation,
    resourceType: route.audit.resource,
    resourceId: Object.values(params)[0] ?? answer?.resourceId ?? null,
    requestMethod: request.method,
    requestPath: request.path,
    responseStatus: answer === null ? problemDetails(call.error).status : (answer.status ?? route.status),
    requestParams: { ...params, ...redactedQuery(route, request), ...auditedBody(route, request, deps, params) },
    succeeded: answer !== null,
    errorMessage: answer === null ? reportedMessage(call.error) : null,
    ipAddress: request.ip ?? '',
    userAgent: request.get('user-agent') ?? null,
    durationMs: Date.now() - call.startedAtMs,
    startedAt: new Date(call.startedAtMs),
  }
}

/** What was done is done: the caller is told so, and does not wait for a database that is away; the entry does. */
async function appendWithin(operation: Operation, { operationLog, log }: ApiDeps): Promise<void> {
  const written = operationLog.append(operation).catch((error: unknown) => {
    log.error({ operation, ...faultOf(error) }, 'an entry of the audit could not be written; here it is')
  })
  const patience = new AbortController()
  await Promise.race([written, sleep(PATIENCE_MS, undefined, patience).catch(() => undefined)])
  patience.abort()
}

const PATIENCE_MS = 2000

function auditedBody(
  route: Route,
  request: Request,
  deps: ApiDeps,
  params: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const body: unknown = request.body
  if (body === undefined || body === null || (typeof body === 'object' && Object.keys(body).length === 0)) return {}
  const schema = schemaOf(route.body)
  // Nothing of it was looked at.
  if (schema === null) return { body: MASK }
  const shown = route.auditBody === undefined ? body : route.auditBody(body, deps, params)
  return { body: redactGiven(maskUnknown(shown, schema), schema) }
}

function redactedQuery(route: Route, { query }: Request): Record<string, unknown> {
  return redactGiven(query, schemaOf(route.query)) as Record<string, unknown>
}

const schemas = new WeakMap<ConfigSchema, SchemaNode>()

function schemaOf(schema: ConfigSchema | undefined): SchemaNode | null {
  if (schema === undefined) return null
  const known = schemas.get(schema) ?? (jsonSchemaOf(schema) as SchemaNode)
  schemas.set(schema, known)
  return known
}

/** Of a log-in that failed. */
function attemptedName(request: Request): string | null {
  const name = (request.body as { username?: unknown } | undefined)?.username
  return typeof name === 'string' ? name.slice(0, 64) : null
}

function reportedMessage(error: unknown): string {
  const { code, message } = reportError(error)
  return code === 'internal' ? 'internal error' : maskParts(`${code}: ${message}`).slice(0, 1000)
}
