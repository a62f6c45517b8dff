/** What the API is made of; handed in by its main, and by tests. */
import type { ConfigSchemas } from '../core/security/spec-secrets.js'
import type { CompiledJob } from '../engine/compile-job.js'
import type { EngineParts } from '../engine/engine.js'
import type { AlertRuleStore } from '../models/stores/alert-rule-store.js'
import type { AlertSilenceStore } from '../models/stores/alert-silence-store.js'
import type { AlertStore } from '../models/stores/alert-store.js'
import type { ConfigStore } from '../models/stores/config-store.js'
import type { ConnectionStore } from '../models/stores/connection-store.js'
import type { ConnectorStore } from '../models/stores/connector-store.js'
import type { DeadLetterStore } from '../models/stores/dead-letter-store.js'
import type { ExecutionStore } from '../models/stores/execution-store.js'
import type { IdempotencyStore } from '../models/stores/idempotency-store.js'
import type { JobStore } from '../models/stores/job-store.js'
import type { RotateKeys } from '../models/stores/key-rotation.js'
import type { MaintenanceStore } from '../models/stores/maintenance-store.js'
import type { OperationLogStore } from '../models/stores/operation-log-store.js'
import type { ScheduleStore } from '../models/stores/schedule-store.js'
import type { SecretStore } from '../models/stores/secret-store.js'
import type { TokenStore } from '../models/stores/token-store.js'
import type { Matches, TriggerStore } from '../models/stores/trigger-store.js'
import type { UserStore } from '../models/stores/user-store.js'
import type { WorkerStore } from '../models/stores/worker-store.js'
import type { Notifier } from '../notify/notify.js'
import type { ApiMeters } from '../telemetry/api-meters.js'
import type { OidcLogin } from './auth/oidc.js'
import type { VerifyPassword } from './auth/password.js'
import type { OpenCalls } from './http/open-calls.js'
import type { Log } from './log.js'
import type { ScheduleKeeper } from './schedules/keeper.js'
import type { Starter } from './starter.js'
import type { TemporalControl } from './temporal.js'

export interface ApiDeps {
  readonly users: UserStore
  readonly tokens: TokenStore
  readonly verifyPassword: VerifyPassword
  /** null: nobody logs in through a provider. */
  readonly oidc: OidcLogin | null
  readonly operationLog: OperationLogStore
  readonly openCalls: OpenCalls
  readonly idempotency: IdempotencyStore
  readonly connections: ConnectionStore
  readonly connectors: ConnectorStore
  /** ETL_CONNECTOR_PATH; null: custom connectors come from packages only. */
  readonly connectorPath: string | null
  readonly secrets: SecretStore
  readonly rotateKeys: RotateKeys
  readonly configs: ConfigStore
  readonly jobs: JobStore
  readonly executions: ExecutionStore
  readonly deadLetters: DeadLetterStore
  readonly alerts: AlertStore
  readonly alertRules: AlertRuleStore
  readonly silences: AlertSilenceStore
  /** Tries the channels of a rule. */
  readonly notifier: Notifier
  readonly triggers: TriggerStore
  readonly schedules: ScheduleStore
  readonly keeper: ScheduleKeeper
  /** Judges the `where` of EVENT schedules. */
  readonly matches: Matches
  readonly workers: WorkerStore
  readonly parts: EngineParts
  /** Which settings of a job's nodes are secret. */
  readonly configSchemas: ConfigSchemas
  readonly compile: (spec: unknown) => Promise<CompiledJob>
  readonly starter: Starter
  readonly maintenance: MaintenanceStore
  readonly startMaintenance: TemporalControl['startMaintenance']
  /** What /readyz asks, by name. */
  readonly probes: Readonly<Record<string, Probe>>
  /** This API as OpenAPI. */
  readonly describe: () => Record<string, unknown>
  readonly meters: ApiMeters
  readonly log: Log
  readonly limits: Limits
  readonly now: () => number
  /** In tests: answers are held against the schemas that OpenAPI publishes. */
  readonly checkAnswers: boolean
}

/** Says what it found; throws where it is not ready. */
export type Probe = () => Promise<string>

export interface Limits {
  readonly bodyBytes: number
  /** From one address; 0: no limit. */
  readonly callsPerMinute: number
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  /** From one address. */
  readonly loginsPerMinute: number
  /** Of one name, whether there is such a user or not. */
  readonly loginsPerMinuteOfUser: number
}
