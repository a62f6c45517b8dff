/** What the activities of an execution are made of. */
import type { Client } from '@temporalio/client'
import type { ActivityDeps } from '../activities/deps.js'
import { keepSpares } from '../engine/sessions.js'
import type { Database } from '../models/database.js'
import { executionStore } from '../models/stores/execution-store.js'
import { mysqlJournal } from '../models/stores/journal.js'
import { scheduleStore } from '../models/stores/schedule-store.js'
import type { systemLimits } from '../models/stores/system-limits.js'
import { triggerStore } from '../models/stores/trigger-store.js'
import type { Environment } from '../process/environment.js'
import type { createLog } from '../process/log.js'
import { workerParts } from './parts.js'
import { startDependants } from './start-dependants.js'
import { startScheduled } from './start-scheduled.js'
import { tellAdmitted } from './tell-admitted.js'

export async function activityDeps(
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
