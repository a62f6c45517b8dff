/** The API process: reads the environment, opens what it needs, listens. */
import { rm } from 'node:fs/promises'
import { connectors } from '../connectors/index.js'
import { reportError } from '../core/errors/job-error.js'
import { openDatabase } from '../models/database.js'
import { seedConnectors } from '../models/stores/connector-store.js'
import { readEnvironment } from '../process/environment.js'
import { createLog } from '../process/log.js'
import { readVersion } from '../process/version.js'
import { openTelemetry } from '../telemetry/open.js'
import { createApp } from './app.js'
import { connectorRecords, createFirstAdmin } from './bootstrap.js'
import { createDeps } from './create-deps.js'
import type { ApiDeps } from './deps.js'
import { auditFirstUser, auditMigrations } from './house-audit.js'
import { tellCutOff } from './http/open-calls.js'
import { listen, urlOf } from './listen.js'
import type { Log } from './log.js'
import { apiParts } from './parts.js'
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
    const deps = createDeps({ database, temporal, parts, secretKey, connectorPath, oidc, log, limits })
    await seedConnectors(database, connectorRecords(connectors))
    const isFirst = await deps.users.isEmpty()
    const made = await createFirstAdmin(deps.users, environment.adminPassword)
    if (isFirst) await auditFirstUser(deps)
    await auditMigrations(deps)
    log.info({ head: await deps.operationLog.head() }, 'the audit goes on from here')
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
      const cutOff = await tellCutOff(deps)
      if (cutOff > 0) log.warn({ calls: cutOff }, 'calls were at work still when the time to end them was over')
      clearInterval(registering)
      clearInterval(loading)
      await reconciled
      await deps.keeper.close()
      await deps.starter.close()
      await telemetry?.close()
      const unwritten = await deps.operationLog.flush(5000)
      if (unwritten > 0) log.error({ unwritten }, 'entries of the audit could not be written before the end')
      await deps.operationLog.giveUp()
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
