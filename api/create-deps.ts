/** Puts together what the API is made of. */
import { JobError } from '../core/errors/job-error.js'
import { compileJob } from '../engine/compile-job.js'
import type { EngineParts } from '../engine/engine.js'
import { eventConditionHolds } from '../engine/event-condition.js'
import type { Database } from '../models/database.js'
import { alertRuleStore } from '../models/stores/alert-rule-store.js'
import { alertSilenceStore } from '../models/stores/alert-silence-store.js'
import { alertStore } from '../models/stores/alert-store.js'
import { configStore } from '../models/stores/config-store.js'
import { connectionStore } from '../models/stores/connection-store.js'
import { connectorStore } from '../models/stores/connector-store.js'
import { deadLetterStore } from '../models/stores/dead-letter-store.js'
import { executionStore } from '../models/stores/execution-store.js'
import { idempotencyStore } from '../models/stores/idempotency-store.js'
import { jobStore } from '../models/stores/job-store.js'
import { keyRotation } from '../models/stores/key-rotation.js'
import { maintenanceStore } from '../models/stores/maintenance-store.js'
import { operationLogStore } from '../models/stores/operation-log-store.js'
import { overviewStore } from '../models/stores/overview-store.js'
import { scheduleStore } from '../models/stores/schedule-store.js'
import { secretStore } from '../models/stores/secret-store.js'
import { tokenStore } from '../models/stores/token-store.js'
import { type Matches, triggerStore } from '../models/stores/trigger-store.js'
import { userStore } from '../models/stores/user-store.js'
import { workerStore } from '../models/stores/worker-store.js'
import { openNotifier } from '../notify/notify.js'
import type { OidcSettings } from '../process/oidc-environment.js'
import { openApiMeters } from '../telemetry/api-meters.js'
import { openOidc } from './auth/oidc.js'
import { verifyPassword } from './auth/password.js'
import type { ApiDeps, Limits, Probe } from './deps.js'
import { configSchemasOf } from './jobs/config-schemas.js'
import type { Log } from './log.js'
import { openApiDocument } from './openapi.js'
import { ROUTES } from './routes.js'
import { openKeeper } from './schedules/keeper.js'
import { openStarter } from './starter.js'
import type { TemporalControl } from './temporal.js'

export interface ApiResources {
  readonly database: Database
  readonly temporal: TemporalControl
  readonly parts: EngineParts
  readonly secretKey: string
  readonly connectorPath: string | null
  readonly oidc: OidcSettings | null
  readonly log: Log
  readonly limits: Omit<Limits, 'loginsPerMinute' | 'loginsPerMinuteOfUser'>
}

export function createDeps(resources: ApiResources): ApiDeps {
  const { database, temporal, parts, secretKey, connectorPath, oidc, log, limits } = resources
  const executions = executionStore(database)
  const triggers = triggerStore(database)
  const matches: Matches = (where, payload) => eventConditionHolds(where, payload)
  const configSchemas = configSchemasOf(parts)
  const schedules = scheduleStore(database)
  const starter = openStarter(temporal, executions, log, { triggers: { store: triggers, matches } })
  return {
    users: userStore(database),
    tokens: tokenStore(database),
    verifyPassword,
    oidc: oidc === null ? null : openOidc(oidc, secretKey),
    operationLog: operationLogStore(database, secretKey),
    openCalls: new Set(),
    idempotency: idempotencyStore(database),
    connections: connectionStore(database, secretKey),
    connectors: connectorStore(database),
    connectorPath,
    secrets: secretStore(database, secretKey),
    rotateKeys: keyRotation(database, secretKey),
    configs: configStore(database, secretKey),
    jobs: jobStore(database, { secretKey, schemas: configSchemas }),
    configSchemas,
    executions,
    deadLetters: deadLetterStore(database),
    alerts: alertStore(database),
    alertRules: alertRuleStore(database, secretKey),
    silences: alertSilenceStore(database),
    notifier: openNotifier({ privateHosts: parts.files.privateHosts ?? [], secret: parts.secret, now: Date.now }),
    workers: workerStore(database),
    parts,
    compile: (spec) => compileJob(spec, parts),
    triggers,
    matches,
    schedules,
    starter,
    keeper: openKeeper(temporal.schedules, schedules, starter, log),
    maintenance: maintenanceStore(database),
    startMaintenance: temporal.startMaintenance,
    probes: probesOf(database, temporal),
    describe: () => openApiDocument(ROUTES),
    meters: openApiMeters(overviewStore(database), Date.now),
    log,
    limits: { ...limits, loginsPerMinute: 30, loginsPerMinuteOfUser: 10 },
    now: Date.now,
    checkAnswers: false,
  }
}

function probesOf(database: Database, temporal: TemporalControl): Readonly<Record<string, Probe>> {
  return {
    mysql: async () => {
      const { reachable, server, message } = await database.ping()
      if (!reachable) throw new JobError('mysql.away', message ?? 'MySQL cannot be reached')
      return server ?? 'reachable'
    },
    migrations: async () => {
      const { migrations } = await database.ping()
      if (migrations === 'CURRENT') return migrations
      throw new JobError('environment.invalid', migrations === 'MISSING' ? 'MISSING: run etl migrate' : migrations)
    },
    temporal: () => temporal.probe(),
  }
}
