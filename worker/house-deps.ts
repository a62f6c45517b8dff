/** What keeping the house is made of: maintenance, backups, the audit of both. */
import type { Client } from '@temporalio/client'
import type { HouseDeps } from '../activities/maintenance/work.js'
import type { EngineParts } from '../engine/engine.js'
import type { Database } from '../models/database.js'
import { executionStore } from '../models/stores/execution-store.js'
import { maintenanceStore } from '../models/stores/maintenance-store.js'
import { operationLogStore } from '../models/stores/operation-log-store.js'
import type { Environment } from '../process/environment.js'
import { workflowsOf } from './workflows-of.js'

export function houseDeps(
  { mysqlUrl, secretKey }: Environment,
  database: Database,
  client: Client,
  { store, scratch }: Pick<EngineParts, 'store' | 'scratch'>,
): HouseDeps {
  return {
    runs: maintenanceStore(database),
    mysqlUrl,
    store,
    executions: executionStore(database),
    workflows: workflowsOf(client),
    scratch,
    secretKey,
    audit: operationLogStore(database, secretKey),
    now: Date.now,
  }
}
