/** What a task of the maintenance is given, and what it gives. */
import type { HousePolicy } from '../../core/maintenance/policy.js'
import type { Findings } from '../../core/maintenance/report.js'
import type { ExecutionStore } from '../../models/stores/execution-store.js'
import type { HouseConnection } from '../../models/stores/maintenance/house-connection.js'
import type { MaintenanceStore } from '../../models/stores/maintenance-store.js'
import type { OperationLogStore } from '../../models/stores/operation-log-store.js'
import type { ObjectStore } from '../../storage/store.js'

/** What keeping house takes; handed in by the worker. */
export interface HouseDeps {
  readonly runs: MaintenanceStore
  readonly mysqlUrl: string
  readonly store: ObjectStore
  readonly executions: Pick<ExecutionStore, 'unfinished' | 'workedFor'>
  readonly workflows: Workflows
  /** A folder for what is on its way. */
  readonly scratch: string
  readonly secretKey: string
  readonly audit: Pick<OperationLogStore, 'append'>
  readonly now: () => number
}

/** The workflows of executions, as Temporal knows them. */
export interface Workflows {
  /** Ids of those that were started before `before` and run. */
  running(before: Date): Promise<readonly string[]>
  stateOf(workflowId: string): Promise<'RUNNING' | 'CLOSED' | 'GONE'>
}

/** One task at work. */
export interface HouseWork extends HouseDeps {
  readonly house: HouseConnection
  readonly policy: HousePolicy
  readonly dryRun: boolean
  readonly signal: AbortSignal
}

export type HouseTask = (work: HouseWork) => Promise<Findings>
