/** The API process: reads the environment, opens what it needs, listens. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { availableParallelism, totalmem } from 'node:os'
import { join } from 'node:path'
import { openConnectors } from '../connectors/custom/open-connectors.js'
import { connectors } from '../connectors/index.js'
import { JobError, reportError } from '../core/errors/job-error.js'
import { compileJob } from '../engine/compile-job.js'
import type { EngineParts } from '../engine/engine.js'
import { eventConditionHolds } from '../engine/event-condition.js'
import { functionsBelow } from '../functions/open-functions.js'
import { type Database, openDatabase } from '../models/database.js'
import { alertRuleStore } from '../models/stores/alert-rule-store.js'
import { alertSilenceStore } from '../models/stores/alert-silence-store.js'
import { alertStore } from '../models/stores/alert-store.js'
import { configStore } from '../models/stores/config-store.js'
import { connectionStore } from '../models/stores/connection-store.js'
import { connectorStore, seedConnectors } from '../models/stores/connector-store.js'
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
import { operators } from '../operators/index.js'
import { type Environment, readEnvironment } from '../process/environment.js'
import { createLog } from '../process/log.js'
import type { OidcSettings } from '../process/oidc-environment.js'
import { readVersion } from '../process/version.js'
import { openStore } from '../storage/open-store.js'
import { openApiMeters } from '../telemetry/api-meters.js'
import { openTelemetry } from '../telemetry/open.js'
import { createApp } from './app.js'
import { openOidc } from './auth/oidc.js'
import { verifyPassword } from './auth/password.js'
import { connectorRecords, createFirstAdmin } from './bootstrap.js'
import type { ApiDeps, Limits, Probe } from './deps.js'
import { auditFirstUser, auditMigrations } from './house-audit.js'
import { configSchemasOf } from './jobs/config-schemas.js'
import type { Log } from './log.js'
import { ROUTES } from './routes.js'
import { openKeeper } from './schedules/keeper.js'
import { openStarter } from './starter.js'
import { openTemporal, type TemporalControl } from './temporal.js'

export interface RunningApi {
  readonly url: string
  close(): Promise<void>
}

export async function startApi(variables: NodeJS.ProcessEnv): Promise<RunningApi> {
  const environment = readEnvironment(variables)
  const log = createLog('api', environment.logLevel)
  const database = await openDatabase(environment.mysqlUrl)
  const temporal = openTemporal(environment.temporal)
  const parts = await apiParts(environment, database)
  const release = async () => {
    await Promise.allSettled([temporal.close(), database.close(), rm(parts.scratch, { recursive: true, force: true })])
  }
  try {
    const { secretKey, connectorPath, oidc, api: limits } = environment
    const deps = apiDeps({ database, temporal, parts, secretKey, connectorPath, oidc, log, limits })
    await seedConnectors(database, connectorRecords(connectors))
    const isFirst = await deps.users.isEmpty()
    const made = await createFirstAdmin(deps.users, environment.adminPassword)
    if (isFirst) await auditFirstUser(deps)
    await auditMigrations(deps)
    // Said on the terminal and not in the log, once.
    if (made !== null)
      process.stderr.write(
        `First user: admin, password: ${made} (shown once; change it with PUT /api/v1/me/password)\n`,
      )
    await loadCustom(deps)
    const telemetry = await openTelemetry('etl-api', readVersion(), deps.meters.exposition, environment.telemetry)
    const registering = keepRegistering(temporal, log)
    const loading = setInterval(() => void loadCustom(deps).catch(() => undefined), 30_000).unref()
    const server = await listen(createApp(deps), environment.api)
    const reconciled = deps.starter.reconcile().catch(() => null)
    deps.schedules
      .adopt()
      .then(() => deps.keeper.pass())
      .catch((error: unknown) =>
        log.warn({ code: reportError(error).code }, 'schedules could not be looked after yet; it is tried again'),
      )
    const close = async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeIdleConnections()
        setTimeout(() => server.closeAllConnections(), environment.api.drainTimeoutMs).unref()
      })
      clearInterval(registering)
      clearInterval(loading)
      await reconciled
      await deps.keeper.close()
      await deps.starter.close()
      await telemetry?.close()
      const unwritten = await deps.operationLog.flush(5000)
      if (unwritten > 0) log.error({ unwritten }, 'entries of the audit could not be written before the end')
      await release()
    }
    const url = urlOf(server, environment.api.host)
    log.info({ url }, 'API started')
    return { url, close }
  } catch (error) {
    await release()
    throw error
  }
}

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

export function apiDeps(resources: ApiResources): ApiDeps {
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
    routes: () => ROUTES,
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

/** For compiling jobs and testing connections; the API runs no records. */
async function apiParts(environment: Environment, database: Database): Promise<EngineParts> {
  const scratch = join(environment.home, 'scratch')
  await mkdir(scratch, { recursive: true })
  const { resolve: connection } = connectionStore(database, environment.secretKey)
  const { resolve: secret } = secretStore(database, environment.secretKey)
  const known = openConnectors(connectors, connectorStore(database).registered, environment.connectorPath)
  return {
    connectors: known.list,
    needConnectors: known.need,
    operators,
    functions: functionsBelow(environment.functionPath, 'NOWHERE'),
    store: openStore(environment.storageUrl),
    connection,
    secret,
    environment: process.env,
    files: {
      fileRoots: environment.fileRoots,
      base: environment.fileRoots[0] ?? process.cwd(),
      privateHosts: environment.allowPrivateHosts,
    },
    scratch: await mkdtemp(join(scratch, 'api-')),
    memoryLimitBytes: Math.min(512 * 1024 ** 2, Math.floor(totalmem() / 4)),
    threads: Math.min(2, availableParallelism()),
  }
}

/** Ahead of who names them: what is not known here is shown masked as a whole. One that cannot be had is no reason not to start. */
async function loadCustom({ connectors: catalogue, parts, log }: ApiDeps): Promise<void> {
  for (const { name, isBuiltin, isEnabled } of await catalogue.list()) {
    if (isBuiltin || !isEnabled) continue
    await parts.needConnectors?.([name]).catch((error: unknown) => {
      log.warn({ connector: name, code: reportError(error).code }, 'a custom connector cannot be had here')
    })
  }
}

/** Temporal may be away at boot; until its search attributes are there, executions start without them. */
function keepRegistering(temporal: TemporalControl, log: Log): NodeJS.Timeout {
  const attempt = async () => {
    try {
      await temporal.registerSearchAttributes()
      clearInterval(timer)
    } catch (error) {
      log.warn(
        { code: reportError(error).code },
        'search attributes could not be registered yet; executions start without them',
      )
    }
  }
  const timer = setInterval(attempt, 30_000).unref()
  void attempt()
  return timer
}

async function listen(app: ReturnType<typeof createApp>, api: Environment['api']): Promise<Server> {
  const { host, port, headersTimeoutMs, requestTimeoutMs } = api
  const limits = { headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs), requestTimeout: requestTimeoutMs }
  return await new Promise((resolve, reject) => {
    const server = createServer({ ...limits, connectionsCheckingInterval: 1000 }, app).listen(port, host)
    server.once('listening', () => resolve(server))
    server.once('error', (error: NodeJS.ErrnoException) => {
      const said = error.code === 'EADDRINUSE' ? 'is in use' : `cannot be opened (${error.code ?? error.message})`
      reject(
        new JobError('environment.invalid', `Port ${port} on ${host} ${said}`, {
          hint: 'Set ETL_API_PORT or ETL_API_HOST.',
          cause: error,
        }),
      )
    })
  })
}

function urlOf(server: Server, host: string): string {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const name = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`
}
