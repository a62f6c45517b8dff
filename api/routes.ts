/** Every route of the API: express, roles, validation, audit and OpenAPI all come from this table. */
import { guarded } from './access.js'
import { alertRoutes } from './alerts/alert-routes.js'
import { alertRuleRoutes } from './alerts/rule-routes.js'
import { silenceRoutes } from './alerts/silence-routes.js'
import { oidcRoutes } from './auth/oidc-routes.js'
import { sessionRoutes } from './auth/session-routes.js'
import { tokenRoutes } from './auth/token-routes.js'
import { userRoutes } from './auth/user-routes.js'
import { connectionRoutes } from './connectors/connection-routes.js'
import { connectorRoutes } from './connectors/connector-routes.js'
import { customRoutes } from './connectors/custom-routes.js'
import { secretRoutes } from './connectors/secret-routes.js'
import { deadLetterRoutes } from './dead-letters/dead-letter-routes.js'
import { eventRoutes } from './events/event-routes.js'
import { executionRoutes } from './executions/execution-routes.js'
import { historyRoutes } from './executions/history-routes.js'
import type { GuardedRoute, Route } from './http/route.js'
import { jobRoutes } from './jobs/job-routes.js'
import { maintenanceRoutes } from './maintenance/maintenance-routes.js'
import { scheduleRoutes } from './schedules/schedule-routes.js'
import { auditRoutes } from './system/audit-routes.js'
import { systemRoutes } from './system/system-routes.js'

const all: readonly Route[] = [
  ...sessionRoutes,
  ...oidcRoutes,
  ...userRoutes,
  ...tokenRoutes,
  ...jobRoutes,
  ...executionRoutes,
  ...historyRoutes,
  ...deadLetterRoutes,
  ...eventRoutes,
  ...connectorRoutes,
  ...customRoutes,
  ...connectionRoutes,
  ...secretRoutes,
  ...alertRuleRoutes,
  ...alertRoutes,
  ...silenceRoutes,
  ...scheduleRoutes,
  ...systemRoutes,
  ...auditRoutes,
  ...maintenanceRoutes,
]

export const ROUTES: readonly GuardedRoute[] = all.map(guarded)
