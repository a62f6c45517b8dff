/** A catalogue of 2025-11 that is looked after on 2026-11-28, with a store beside it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performTask } from '../../activities/maintenance/house.js'
import type { Workflows } from '../../activities/maintenance/work.js'
import type { MaintenanceTask, TaskReport } from '../../core/maintenance/report.js'
import { openDatabase } from '../../models/database.js'
import { migrate } from '../../models/migrate.js'
import { addMonths } from '../../models/schema/partition-upkeep.js'
import { executionStore } from '../../models/stores/execution-store.js'
import { maintenanceStore } from '../../models/stores/maintenance-store.js'
import { operationLogStore } from '../../models/stores/operation-log-store.js'
import { openStore } from '../../storage/open-store.js'
import type { ObjectStore } from '../../storage/store.js'
import { onServer, withDatabase } from './lend.js'

export const houseNow = Date.parse('2026-11-28T12:00:00Z')

export interface House {
  readonly url: string
  readonly folder: string
  readonly store: ObjectStore
  run(task: MaintenanceTask, dryRun?: boolean, signal?: AbortSignal): Promise<TaskReport>
  set(key: string, value: string | number): Promise<void>
}

export async function withHouse(run: (house: House) => Promise<void>, given: Partial<Workflows> = {}): Promise<void> {
  await withDatabase(async (url) => {
    const folder = await mkdtemp(join(tmpdir(), 'etl-house-'))
    await migrate(url, { at: new Date('2025-11-15T00:00:00Z') })
    await addMonths((sql) => onServer(url, sql), new Date(houseNow), 0)
    const database = await openDatabase(url)
    const store = openStore(`file://${folder}/store`)
    const executions = executionStore(database)
    const workflows: Workflows = { running: async () => [], stateOf: async () => 'GONE', ...given }
    const runs = maintenanceStore(database)
    const secretKey = Buffer.alloc(32, 7).toString('base64')
    const audit = operationLogStore(database, secretKey)
    try {
      await run({
        url,
        folder,
        store,
        run: async (task, dryRun = false, signal = new AbortController().signal) =>
          await performTask(
            {
              ...{ runs, audit, secretKey, mysqlUrl: url },
              store,
              scratch: folder,
              executions,
              workflows,
              now: () => houseNow,
            },
            { signal },
            task,
            dryRun,
          ),
        set: async (key, value) => {
          await onServer(url, `UPDATE etl_system_config SET config_value = '${value}' WHERE config_key = '${key}'`)
        },
      })
    } finally {
      await database.close()
      await rm(folder, { recursive: true, force: true })
    }
  })
}
