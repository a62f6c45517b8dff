/** The worker process: three task queues, drained on SIGTERM. */
import { rm } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Runtime, type Worker } from '@temporalio/worker'
import { openDelivery } from '../activities/alert/deliver-alerts.js'
import type { ActivityDeps } from '../activities/deps.js'
import type { HouseDeps } from '../activities/maintenance/work.js'
import { createAlertActivities } from '../activities/temporal.js'
import { ALERTS, MAINTENANCE, QUEUES } from '../core/execution/workflow-names.js'
import { keepSpares, releaseAll } from '../engine/sessions.js'
import { type Database, openDatabase } from '../models/database.js'
import { configStore } from '../models/stores/config-store.js'
import { executionStore } from '../models/stores/execution-store.js'
import { mysqlJournal } from '../models/stores/journal.js'
import { maintenanceStore } from '../models/stores/maintenance-store.js'
import { operationLogStore } from '../models/stores/operation-log-store.js'
import { scheduleStore } from '../models/stores/schedule-store.js'
import { systemLimits } from '../models/stores/system-limits.js'
import { triggerStore } from '../models/stores/trigger-store.js'
import { workerStore } from '../models/stores/worker-store.js'
import { type Environment, readEnvironment } from '../process/environment.js'
import { createLog, temporalLogger } from '../process/log.js'
import { payloadConverter } from '../process/payload-codec.js'
import { temporalOptions } from '../process/temporal-environment.js'
import { alertDeps } from './alert-deps.js'
import { alertSchedule } from './alert-schedule.js'
import { heard, openAlertWatch } from './alert-watch.js'
import { createWorkers } from './create-workers.js'
import { keepSchedule } from './keep-schedule.js'
import { maintenanceSchedule } from './maintenance-schedule.js'
import { openMeasuring } from './measuring.js'
import { workerParts } from './parts.js'
import { keepPresent } from './presence.js'
import { startDependants } from './start-dependants.js'
import { startScheduled } from './start-scheduled.js'
import { tellAdmitted } from './tell-admitted.js'
import { workflowsOf } from './workflows-of.js'

export interface RunningWorker {
  /** Lets running steps go, and resolves once nothing of it is left. */
  stop(): Promise<void>
}

/**
 * Buffers on their way to a database count as growth of the heap, whose default room for it is so small that V8 would mark
 * the whole heap every 20 MB of data: a quarter of a worker's CPU time while it loads.
 */
const heapGrowthPercent = 300

export async function startWorker(variables: NodeJS.ProcessEnv): Promise<RunningWorker> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowthPercent}`)
  const environment = readEnvironment(variables)
  const log = createLog('worker', environment.logLevel)
  Runtime.install({
    logger: temporalLogger(log),
    telemetryOptions: { logging: { forward: {}, filter: { core: 'WARN', other: 'WARN' } } },
    shutdownSignals: [],
  })
  const database = await openDatabase(environment.mysqlUrl)
  const connection = await NativeConnection.connect(temporalOptions(environment.temporal))
  const client = new Client({
    connection: await Connection.connect(temporalOptions(environment.temporal)),
    namespace: environment.temporal.namespace,
    dataConverter: payloadConverter(environment.temporal.payloads),
  })
  const limits = systemLimits(database)
  const deps = await activityDeps(environment, database, limits, client, log)
  const house: HouseDeps = {
    runs: maintenanceStore(database),
    mysqlUrl: environment.mysqlUrl,
    store: deps.parts.store,
    executions: executionStore(database),
    workflows: workflowsOf(client),
    scratch: deps.parts.scratch,
    secretKey: environment.secretKey,
    audit: operationLogStore(database, environment.secretKey),
    now: Date.now,
  }
  const alerts = alertDeps(database, deps.parts, environment.secretKey, log)
  const delivery = openDelivery(alerts)
  const watch = openAlertWatch(alerts, delivery)
  let workers: readonly Worker[] = []
  const slotsUsed = () => stepsOf(workers, QUEUES.data)
  const { journal } = deps
  const measuring = await openMeasuring({ environment, database, journal, limits, slotsUsed, log })
  const heardDeps = { ...deps, board: measuring.board, journal: heard(measuring.journal, watch.soon) }
  workers = await createWorkers(
    environment,
    connection,
    heardDeps,
    house,
    createAlertActivities(alerts, delivery),
    measuring.trace,
  )
  let stopping = false
  const ended = (error: unknown) => {
    if (stopping)
      return log.warn({ error: String(error) }, 'a step did not let go in time; Temporal gives it to another worker')
    log.fatal({ error: String(error) }, 'the worker failed')
    process.exit(1)
  }
  const running = Promise.all(workers.map((worker) => worker.run().catch(ended)))
  const presence = await keepPresent(
    workerStore(database),
    {
      slots: environment.workerSlots,
      taskQueues: workers.map((worker) => worker.options.taskQueue),
      slotsUsed,
    },
    log,
  )
  const configs = configStore(database)
  const kept = [
    keepSchedule(client, MAINTENANCE.id, () => maintenanceSchedule(configs), log),
    keepSchedule(client, ALERTS.id, async () => alertSchedule, log),
  ]
  const { workerId } = presence
  measuring.begin(workerId)
  log.info({ workerId, slots: environment.workerSlots, temporal: environment.temporal.address }, 'worker started')
  return {
    stop: async () => {
      stopping = true
      for (const schedule of kept) schedule.stop()
      await presence.stopping()
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
      await running
      await measuring.stop()
      await watch.stop()
      await presence.stopped()
      await releaseAll()
      await Promise.allSettled([
        connection.close(),
        client.connection.close(),
        database.close(),
        rm(deps.parts.scratch, { recursive: true, force: true }),
      ])
      log.info({ workerId }, 'worker stopped')
    },
  }
}

function stepsOf(workers: readonly Worker[], taskQueue: string): number {
  const worker = workers.find((one) => one.options.taskQueue === taskQueue)
  return worker?.getStatus().numInFlightActivities ?? 0
}

async function activityDeps(
  environment: Environment,
  database: Database,
  limits: ReturnType<typeof systemLimits>,
  client: Client,
  log: Pick<ReturnType<typeof createLog>, 'info' | 'warn'>,
): Promise<ActivityDeps> {
  const journal = mysqlJournal(database)
  const parts = await workerParts(environment, database)
  await keepSpares(parts)
  return {
    journal,
    parts,
    heartbeatTimeoutMs: environment.heartbeatTimeoutMs,
    limits,
    warn: (details, message) => log.warn(details, message),
    now: Date.now,
    jitter: () => Math.random() * 2 - 1,
    signalAdmitted: tellAdmitted(client.workflow, log),
    startScheduled: startScheduled({
      schedules: scheduleStore(database),
      executions: executionStore(database),
      workflows: client.workflow,
      log,
    }),
    startDependants: startDependants({
      triggers: triggerStore(database),
      executions: executionStore(database),
      workflows: client.workflow,
      log,
    }),
  }
}
