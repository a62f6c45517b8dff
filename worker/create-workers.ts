import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type NativeConnection, Worker, type WorkerOptions } from '@temporalio/worker'
import type { AlertActivities } from '../activities/contract.js'
import type { ActivityDeps } from '../activities/deps.js'
import type { HouseDeps } from '../activities/maintenance/work.js'
import { createActivities } from '../activities/temporal.js'
import { QUEUES } from '../core/execution/workflow-names.js'
import type { Environment } from '../process/environment.js'
import { payloadConverter } from '../process/payload-codec.js'
import type { Trace } from '../telemetry/spans.js'
import { traced } from './traced.js'

/** A step that was told to stop has so long to do it. */
const LET_GO_MS = 7500

/** One worker a task queue (DESIGN section 7): decisions and short steps, chains, long polls. */
export async function createWorkers(
  environment: Environment,
  connection: NativeConnection,
  deps: ActivityDeps,
  house: HouseDeps,
  alerts: AlertActivities,
  trace: Trace | null,
): Promise<Worker[]> {
  const shared = {
    connection,
    namespace: environment.temporal.namespace,
    dataConverter: payloadConverter(environment.temporal.payloads),
    activities: { ...createActivities(deps, house), ...alerts },
    ...(trace === null ? {} : { interceptors: { activity: [traced(trace)] } }),
    // Without it a cancel takes seconds to arrive: cancellation rides on the answer to a heartbeat.
    maxHeartbeatThrottleInterval: '500ms',
    // What runs is given back then: it fails as `worker.lost`, and another worker takes it.
    shutdownGraceTime: environment.workerDrainMs,
    shutdownForceTime: environment.workerDrainMs + LET_GO_MS,
  } satisfies Partial<WorkerOptions>
  return await Promise.all([
    Worker.create({
      ...shared,
      ...workflows(),
      taskQueue: QUEUES.control,
      maxConcurrentActivityTaskExecutions: 50,
      stickyQueueScheduleToStartTimeout: '1s',
    }),
    Worker.create({
      ...shared,
      taskQueue: QUEUES.data,
      maxConcurrentActivityTaskExecutions: environment.workerSlots,
    }),
    Worker.create({ ...shared, taskQueue: QUEUES.wait, maxConcurrentActivityTaskExecutions: 5000 }),
  ])
}

/** The bundle made at build time; from the sources (tests) it is made on the spot. */
function workflows(): Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'> {
  const codePath = fileURLToPath(new URL('../workflow-bundle.js', import.meta.url))
  return existsSync(codePath)
    ? { workflowBundle: { codePath } }
    : { workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)) }
}
