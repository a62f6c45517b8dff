/** The worker process: three task queues, drained on SIGTERM. */
import { rm } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Runtime, type Worker } from '@temporalio/worker'
import { openDelivery } from '../activities/alert/deliver-alerts.js'
import { createAlertActivities } from '../activities/temporal.js'
import { ALERTS, MAINTENANCE, QUEUES } from '../core/execution/workflow-names.js'
import { releaseAll } from '../engine/sessions.js'
import { openDatabase } from '../models/database.js'
import { configStore } from '../models/stores/config-store.js'
import { systemLimits } from '../models/stores/system-limits.js'
import { workerStore } from '../models/stores/worker-store.js'
import { readEnvironment } from '../process/environment.js'
import { createLog, temporalLogger } from '../process/log.js'
import { payloadConverter } from '../process/payload-codec.js'
import { temporalOptions } from '../process/temporal-environment.js'
import { activityDeps } from './activity-deps.js'
import { alertDeps } from './alert-deps.js'
import { alertSchedule } from './alert-schedule.js'
import { heard, openAlertWatch } from './alert-watch.js'
import { createWorkers } from './create-workers.js'
import { houseDeps } from './house-deps.js'
import { keepSchedule } from './keep-schedule.js'
import { maintenanceSchedule } from './maintenance-schedule.js'
import { openMeasuring } from './measuring.js'
import { keepPresent } from './presence.js'

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
  const house = houseDeps(environment, database, client, deps.parts)
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
