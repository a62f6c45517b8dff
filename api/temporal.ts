/** The API's side of Temporal. Whatever it asks may be asked again without harm. */
import { Client, Connection } from '@temporalio/client'
import { JobError } from '../core/errors/job-error.js'
import { MAINTENANCE, QUEUES } from '../core/execution/workflow-names.js'
import type { MaintenanceWish } from '../core/maintenance/report.js'
import { payloadConverter } from '../process/payload-codec.js'
import { startAttributes } from '../process/start-attributes.js'
import { type TemporalEnvironment, temporalOptions } from '../process/temporal-environment.js'
import { type ExecutionControl, executionControl, type Soon } from './executions/execution-control.js'
import { type ScheduleControl, scheduleControl } from './schedules/schedule-control.js'

export interface MaintenanceInput extends MaintenanceWish {
  readonly runId: string
}

export interface TemporalControl extends ExecutionControl {
  readonly schedules: ScheduleControl
  /** A run of the maintenance that was accepted. Asked again: the same one. */
  startMaintenance(input: MaintenanceInput): Promise<void>
  /** Throws when it cannot be reached. */
  probe(): Promise<string>
  /** Makes the search attributes that are missing; without them executions start all the same. */
  registerSearchAttributes(): Promise<void>
  close(): Promise<void>
}

export interface TemporalOptions
  extends Pick<TemporalEnvironment, 'address' | 'namespace'>,
    Partial<Omit<TemporalEnvironment, 'address' | 'namespace'>> {
  /** How long a call may take, tries included. */
  readonly patienceMs?: number
}

/** Lazy: a Temporal server that is away at boot is found again when it is back. */
export function openTemporal({ patienceMs: most = PATIENCE_MS, ...environment }: TemporalOptions): TemporalControl {
  const { address, namespace, payloads } = environment
  const connection = Connection.lazy(temporalOptions(environment))
  const client = new Client({
    connection,
    namespace,
    ...(payloads === undefined ? {} : { dataConverter: payloadConverter(payloads) }),
  })
  let searchable = false
  const open = new Set<Promise<unknown>>()
  const soon: Soon = (work, patienceMs = most) => {
    const call = connection.withDeadline(Date.now() + patienceMs, work)
    const settled: Promise<unknown> = call.then(
      () => open.delete(settled),
      () => open.delete(settled),
    )
    open.add(settled)
    return call
  }
  const startedBy = (jobId: string, trigger: string) => (searchable ? startAttributes(jobId, trigger) : null)
  return {
    ...executionControl(client, { soon, away: (error) => away(address, error), attributes: startedBy }),
    schedules: scheduleControl(client, {
      guarded: (work) => soon(work, most * PAGES).catch((error) => Promise.reject(away(address, error))),
      attributes: (jobId) => startedBy(jobId, 'CRON'),
    }),
    async startMaintenance(input) {
      try {
        await soon(() =>
          client.workflow.start(MAINTENANCE.type, {
            workflowId: `${MAINTENANCE.id}/${input.runId}`,
            taskQueue: QUEUES.control,
            args: [input],
            workflowIdConflictPolicy: 'USE_EXISTING',
          }),
        )
      } catch (error) {
        throw away(address, error)
      }
    },
    async probe() {
      try {
        await soon(() => connection.workflowService.describeNamespace({ namespace }), Math.min(most, PROBE_MS))
        return `${address}, namespace ${namespace}`
      } catch (error) {
        throw away(address, error)
      }
    },
    async registerSearchAttributes() {
      await soon(() => registerMissing(connection, namespace))
      searchable = true
    },
    async close() {
      // A call that is tried again on a closed channel would end the process.
      await Promise.all(open)
      await connection.close()
    },
  }
}

const PATIENCE_MS = 5000
const PROBE_MS = 2000
/** Thousands of schedules come in several. */
const PAGES = 3
/** KEYWORD is 2, INT 3 in temporal.api.enums.v1.IndexedValueType. */
const SEARCH_ATTRIBUTES = { EtlJobId: 2, EtlStatus: 2, EtlTrigger: 2, EtlEpoch: 3 }

/** What workflows are searched by; the namespace has to know it before the first one starts. */
export async function registerMissing(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
  const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => customAttributes?.[name] === undefined)
  if (missing.length === 0) return
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing) })
}

function away(address: string, cause: unknown): JobError {
  return new JobError('temporal.away', `Temporal at ${address} cannot be reached or refused the call`, { cause })
}
