/** All that measures a worker, put together: samples for the catalogue, numbers for Prometheus, traces for a collector. */
import type { Journal } from '../core/execution/journal.js'
import type { Limits } from '../core/execution/limits.js'
import { type Board, openBoard } from '../core/metrics/board.js'
import type { Database } from '../models/database.js'
import { usageMeter } from '../models/stores/journal/process-usage.js'
import { metricStore } from '../models/stores/metric-store.js'
import type { Environment } from '../process/environment.js'
import { readVersion } from '../process/version.js'
import { exposeMetrics, type Listener } from '../telemetry/listen.js'
import { openTelemetry } from '../telemetry/open.js'
import type { Exposition } from '../telemetry/registry.js'
import type { Trace } from '../telemetry/spans.js'
import { openWorkerMeters } from '../telemetry/worker-meters.js'
import { measuredBoard, measuredJournal } from './measured.js'
import { keepSampling, type Sampler } from './sampler.js'

export interface Measuring {
  readonly board: Board
  /** The same journal, counted. */
  readonly journal: Journal
  readonly trace: Trace | null
  /** From now on samples are taken, in the name of this worker. */
  begin(workerId: string): void
  stop(): Promise<void>
}

interface Given {
  readonly environment: Environment
  readonly database: Database
  readonly journal: Journal
  readonly limits: () => Promise<Limits>
  readonly slotsUsed: () => number
  readonly log: Record<'info' | 'warn', (details: object, message: string) => void>
}

/** Throws `environment.invalid` where its port cannot be had. */
export async function openMeasuring(given: Given): Promise<Measuring> {
  const { environment, database, journal, limits, slotsUsed, log } = given
  const meters = openWorkerMeters(environment.workerSlots, slotsUsed)
  const telemetry = await openTelemetry('etl-worker', readVersion(), meters.exposition, environment.telemetry)
  const board = measuredBoard(openBoard(), meters)
  const listener = await listen(environment, meters.exposition, log)
  let sampler: Sampler | undefined
  return {
    board,
    journal: measuredJournal(journal, meters),
    trace: telemetry?.trace ?? null,
    begin: (workerId) => {
      sampler = keepSampling({
        workerId,
        board,
        metrics: metricStore(database),
        intervalMs: async () => (await limits()).metricsIntervalMs,
        usage: usageMeter(),
        warn: (details, message) => log.warn(details, message),
        dropped: meters.sampleDropped,
      })
    },
    stop: async () => {
      await sampler?.stop()
      await listener?.close()
      await telemetry?.close()
    },
  }
}

/** null: no port is given. */
async function listen(
  { workerMetrics: { host, port } }: Environment,
  exposition: Exposition,
  log: Given['log'],
): Promise<Listener | null> {
  if (port === null) return null
  const listener = await exposeMetrics(host, port, exposition)
  log.info({ host, port: listener.port }, 'metrics are shown at /metrics')
  return listener
}
