/**
 * Who may call which route, and who may know of it: the one place where this is said. docs/reference/access.md is made from
 * it, and a test asks every route as everybody. A route that is missing here keeps the API from starting.
 */
import type { Access } from '../core/security/roles.js'
import type { GuardedRoute, Route } from './http/route.js'

export interface AccessRule {
  readonly access: Access
  /** Anyone else gets 404: 403 is for what one sees but may not do. */
  readonly visibleTo: Access
}

const PUBLIC: AccessRule = { access: 'PUBLIC', visibleTo: 'PUBLIC' }
const USER: AccessRule = { access: 'USER', visibleTo: 'USER' }
const DEVELOPER: AccessRule = { access: 'DEVELOPER', visibleTo: 'USER' }
const ADMIN: AccessRule = { access: 'ADMIN', visibleTo: 'ADMIN' }
const ADMIN_OF_WHAT_ALL_SEE: AccessRule = { access: 'ADMIN', visibleTo: 'USER' }

export const ACCESS: Readonly<Record<string, AccessRule>> = {
  'POST /auth/login': PUBLIC,
  'POST /auth/logout': USER,
  'GET /me': USER,
  'PUT /me/password': USER,
  'GET /auth/oidc': PUBLIC,
  'GET /auth/oidc/callback': PUBLIC,
  'GET /users': ADMIN,
  'POST /users': ADMIN,
  'GET /users/{userId}': ADMIN,
  'PUT /users/{userId}': ADMIN,
  'DELETE /users/{userId}': ADMIN,
  'POST /users/{userId}/unlock': ADMIN,
  'GET /tokens': USER,
  'POST /tokens': USER,
  'DELETE /tokens/{tokenId}': USER,

  'GET /jobs': USER,
  'POST /jobs': DEVELOPER,
  'GET /jobs/{jobId}': USER,
  'PUT /jobs/{jobId}': DEVELOPER,
  'DELETE /jobs/{jobId}': DEVELOPER,
  'GET /jobs/{jobId}/versions': USER,
  'GET /jobs/{jobId}/graph': USER,
  'POST /jobs/validate': USER,
  'POST /jobs/explain': USER,

  'POST /executions/{executionId}/pause': DEVELOPER,
  'POST /executions/{executionId}/resume': DEVELOPER,
  'POST /executions/{executionId}/savepoints': DEVELOPER,
  'POST /executions/{executionId}/restart': DEVELOPER,
  'POST /checkpoints/{checkpointId}/fork': DEVELOPER,
  'POST /executions/cancel': DEVELOPER,
  'POST /jobs/{jobId}/executions': DEVELOPER,
  'GET /executions': USER,
  'GET /executions/{executionId}': USER,
  'POST /executions/{executionId}/cancel': DEVELOPER,
  'GET /executions/{executionId}/events': USER,
  'GET /executions/{executionId}/operators': USER,
  'GET /executions/{executionId}/metrics': USER,
  'GET /executions/{executionId}/checkpoints': USER,
  'GET /checkpoints/{checkpointId}': USER,
  'GET /checkpoints/{checkpointId}/states': USER,

  'GET /jobs/{jobId}/dead-letters': USER,
  'GET /dead-letters/{deadLetterId}': USER,
  'PATCH /dead-letters/{deadLetterId}': DEVELOPER,
  'POST /dead-letters/replay': DEVELOPER,

  'POST /events': DEVELOPER,
  'GET /events': USER,
  'GET /jobs/{jobId}/dependencies': USER,

  'GET /connectors': USER,
  'GET /connectors/{name}': USER,
  'GET /operators': USER,
  'GET /operators/{type}': USER,
  'POST /connectors': ADMIN_OF_WHAT_ALL_SEE,
  'PUT /connectors/{name}': ADMIN_OF_WHAT_ALL_SEE,
  'DELETE /connectors/{name}': ADMIN_OF_WHAT_ALL_SEE,

  'GET /connections': USER,
  'POST /connections': DEVELOPER,
  'GET /connections/{connectionId}': USER,
  'PUT /connections/{connectionId}': DEVELOPER,
  'DELETE /connections/{connectionId}': DEVELOPER,
  'POST /connections/{connectionId}/test': DEVELOPER,
  'POST /connections/{connectionId}/discover': DEVELOPER,
  'GET /connections/{connectionId}/usage': USER,

  'GET /secrets': ADMIN,
  'PUT /secrets/{name}': ADMIN,
  'DELETE /secrets/{name}': ADMIN,
  'POST /keys/rotate': ADMIN,

  'GET /alert-rules': USER,
  'POST /alert-rules': DEVELOPER,
  'GET /alert-rules/{ruleId}': USER,
  'PUT /alert-rules/{ruleId}': DEVELOPER,
  'DELETE /alert-rules/{ruleId}': DEVELOPER,
  'POST /alert-rules/{ruleId}/test': DEVELOPER,
  'GET /alerts': USER,
  'GET /alerts/{alertId}': USER,
  'POST /alerts/{alertId}/acknowledge': DEVELOPER,
  'POST /alerts/{alertId}/resolve': DEVELOPER,
  'GET /silences': USER,
  'POST /silences': DEVELOPER,
  'GET /silences/{silenceId}': USER,
  'PUT /silences/{silenceId}': DEVELOPER,
  'DELETE /silences/{silenceId}': DEVELOPER,

  'GET /schedules': USER,
  'POST /schedules': DEVELOPER,
  'GET /schedules/{scheduleId}': USER,
  'PUT /schedules/{scheduleId}': DEVELOPER,
  'DELETE /schedules/{scheduleId}': DEVELOPER,
  'POST /schedules/{scheduleId}/pause': DEVELOPER,
  'POST /schedules/{scheduleId}/resume': DEVELOPER,
  'POST /schedules/{scheduleId}/trigger': DEVELOPER,
  'GET /schedules/{scheduleId}/next': USER,
  'GET /schedules/{scheduleId}/decisions': USER,
  'POST /schedules/{scheduleId}/backfill': DEVELOPER,
  'GET /schedules/{scheduleId}/backfills': USER,
  'GET /backfills/{backfillId}': USER,
  'POST /backfills/{backfillId}/pause': DEVELOPER,
  'POST /backfills/{backfillId}/resume': DEVELOPER,
  'POST /backfills/{backfillId}/cancel': DEVELOPER,

  'GET /system-configs': ADMIN,
  'GET /system-configs/{key}': ADMIN,
  'PUT /system-configs/{key}': ADMIN,
  'GET /workers': USER,
  'GET /schemas/{name}': PUBLIC,
  'GET /openapi.json': PUBLIC,
  'GET /operation-logs': ADMIN,
  'GET /operation-logs/verification': ADMIN,
  'POST /maintenance/run': ADMIN,
  'GET /maintenance/runs': ADMIN,
  'GET /maintenance/runs/{runId}': ADMIN,
}

export function guarded(route: Route): GuardedRoute {
  const rule = ACCESS[`${route.method.toUpperCase()} ${route.path}`]
  if (rule === undefined)
    throw new Error(`api/access.ts does not say who may ${route.method.toUpperCase()} ${route.path}`)
  return { ...route, ...rule }
}
