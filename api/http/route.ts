/** What one route of the API is. Express routes, validation, audit rows and OpenAPI are derived from it; who may call it says api/access.ts. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ConfigSchema } from '../../core/config/schema.js'
import type { Access, Role } from '../../core/security/roles.js'
import type { ApiDeps } from '../deps.js'

export interface Route<P = unknown, Q = unknown, B = unknown, R = unknown> {
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete'
  /** Below /api/v1: `/jobs/{jobId}`. */
  readonly path: string
  readonly tag: string
  readonly summary: string
  /** What the audit calls it: exactly the routes that change something have one. */
  readonly audit?: { readonly operation: string; readonly resource: string }
  readonly params?: ConfigSchema<P>
  readonly query?: ConfigSchema<Q>
  readonly body?: ConfigSchema<B>
  readonly status: number
  /** Of another success than `status`: 200 where a PUT changed what was there, and the like. */
  readonly orStatus?: number
  /** null: no body. */
  readonly response: ConfigSchema<R> | null
  /** A change that must name the version that it is based on (If-Match, or `version`). */
  readonly versioned?: boolean
  /** Takes an Idempotency-Key: the same key gives the first answer again. */
  readonly idempotent?: boolean
  /** Its own media type where the answer is not JSON. */
  readonly mediaType?: string
  /** It streams, or goes through all there is: the time limit of calls that read is not for it. */
  readonly takesLong?: boolean
  readonly handle: (call: Call<P, Q, B>, deps: ApiDeps) => Promise<Answer<R>>
  /** The body as the audit may keep it, where key names and schema do not tell which fields are secret. */
  readonly auditBody?: (body: unknown, deps: ApiDeps, params: Readonly<Record<string, string>>) => unknown
}

/** With what api/access.ts says of it. */
export interface GuardedRoute extends Route {
  /** Who may call it. */
  readonly access: Access
  /** Who may know of it. */
  readonly visibleTo: Access
}

export interface Call<P = unknown, Q = unknown, B = unknown> {
  readonly params: P
  readonly query: Q
  readonly body: B
  /** Of a PUBLIC route: null. */
  readonly caller: Caller | null
  /** For what this call creates. Asked again with the same Idempotency-Key: the same id. */
  readonly newId: string
  /** `If-Match`, or `version` of the query or body; null: not given. */
  readonly version: number | null
  readonly ip: string
  readonly raw: { readonly request: IncomingMessage; readonly response: ServerResponse }
}

export interface Caller {
  readonly userId: string
  readonly username: string
  readonly role: Role
  readonly tokenId: string
  /** Until when an API token is valid, and whatever is made with it; null: without an end, or a log-in, which proves who it is. */
  readonly tokenEnds: string | null
}

export interface Answer<R = unknown> {
  readonly body?: R
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** For the audit, where the path does not name it. */
  readonly resourceId?: string
  /** For the audit, where the caller became known only by the call. */
  readonly username?: string
  /** The handler has written the answer itself. */
  readonly sent?: boolean
}

/** Keeps a route's types together. */
export function route<P = unknown, Q = unknown, B = unknown, R = unknown>(of: Route<P, Q, B, R>): Route {
  return of as unknown as Route
}

/** The caller of a route that is not PUBLIC. */
export function callerOf(call: Call): Caller {
  if (call.caller === null) throw new Error('a PUBLIC route has no caller')
  return call.caller
}

export function userAgentOf({ raw }: Call): string | null {
  return raw.request.headers['user-agent']?.slice(0, 500) ?? null
}
