/** The API's side of Temporal: starts and cancels executions. Both may be asked again without harm. */
import {
  Client,
  Connection,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { asJobError, JobError } from '../core/errors/job-error.js'
import {
  ADMITTED,
  MAINTENANCE,
  QUEUES,
  type UpdateName,
  WORKFLOW_TYPE,
  workflowIdOf,
} from '../core/execution/workflow-names.js'
import type { MaintenanceWish } from '../core/maintenance/report.js'
import { payloadConverter } from '../process/payload-codec.js'
import { startAttributes } from '../process/start-attributes.js'
import { type TemporalEnvironment, temporalOptions } from '../process/temporal-environment.js'
import { type ScheduleControl, scheduleControl } from './schedules/schedule-control.js'

export interface StartedExecution {
  readonly executionId: string
  readonly jobId: string
  /** MANUAL, CRON, …: a search attribute. */
  readonly trigger: string
}

/** What a running execution is asked to do, and answers. */
export interface Update {
  readonly name: UpdateName
  readonly args: readonly unknown[]
  /** Asked again under the same id: the same update. */
  readonly updateId: string
}

/** Not done: accepted, and certain to come once what runs is through. */
export type Updated<T> = { readonly isDone: true; readonly answer: T } | { readonly isDone: false }

export interface MaintenanceInput extends MaintenanceWish {
  readonly runId: string
}

export interface TemporalControl {
  startExecution(execution: StartedExecution): Promise<'started' | 'already started'>
  cancelExecution(workflowId: string): Promise<'asked' | 'gone'>
  /** Throws what the execution refuses with; waits for the answer, but not for long. */
  update<T>(workflowId: string, update: Update): Promise<Updated<T>>
  /** GONE: Temporal knows no such workflow. */
  stateOf(workflowId: string): Promise<'RUNNING' | 'CLOSED' | 'GONE'>
  /** Ids of the workflows of executions that were started before `before` and run. */
  running(before: Date): Promise<readonly string[]>
  /** Tells an execution that waits that it may start. */
  signalAdmitted(workflowId: string): Promise<void>
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
  const soon = <T>(work: () => Promise<T>, patienceMs = most): Promise<T> => {
    const call = connection.withDeadline(Date.now() + patienceMs, work)
    const settled: Promise<unknown> = call.then(
      () => open.delete(settled),
      () => open.delete(settled),
    )
    open.add(settled)
    return call
  }
  return {
    schedules: scheduleControl(client, {
      guarded: (work) => soon(work, most * PAGES).catch((error) => Promise.reject(away(address, error))),
      attributes: (jobId) => (searchable ? startAttributes(jobId, 'CRON') : null),
    }),
    async startExecution({ executionId, jobId, trigger }) {
      try {
        await soon(() =>
          client.workflow.start(WORKFLOW_TYPE, {
            workflowId: workflowIdOf(jobId, executionId),
            taskQueue: QUEUES.control,
            args: [{ executionId }],
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            ...(searchable ? { typedSearchAttributes: startAttributes(jobId, trigger) } : {}),
          }),
        )
        return 'started'
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return 'already started'
        throw away(address, error)
      }
    },
    async cancelExecution(workflowId) {
      try {
        await soon(() => client.workflow.getHandle(workflowId).cancel())
        return 'asked'
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'gone'
        throw away(address, error)
      }
    },
    async update<T>(workflowId: string, { name, args, updateId }: Update): Promise<Updated<T>> {
      const handle = client.workflow.getHandle(workflowId)
      const options = { args: [...args] as [unknown], updateId, waitForStage: 'ACCEPTED' } as const
      try {
        const accepted = await soon(() => handle.startUpdate<T, [unknown]>(name, options), Math.max(most, ACCEPT_MS))
        const answer = soon(() => accepted.result(), ANSWER_MS)
        return await answer.then(
          (given): Updated<T> => ({ isDone: true, answer: given }),
          (error): Updated<T> => {
            if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { isDone: false }
            throw error
          },
        )
      } catch (error) {
        throw refusal(address, error)
      }
    },
    async stateOf(workflowId) {
      try {
        const { status } = await soon(() => client.workflow.getHandle(workflowId).describe())
        return status.name === 'RUNNING' || status.name === 'PAUSED' ? 'RUNNING' : 'CLOSED'
      } catch (error) {
        // A namespace that is not found is another error: it says nothing about a workflow.
        if (error instanceof WorkflowNotFoundError) return 'GONE'
        throw away(address, error)
      }
    },
    async running(before) {
      const query = `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus = 'Running' AND StartTime < '${before.toISOString()}'`
      try {
        return await soon(async () => {
          const found: string[] = []
          for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId)
          return found
        })
      } catch (error) {
        throw away(address, error)
      }
    },
    async signalAdmitted(workflowId) {
      try {
        await soon(() => client.workflow.getHandle(workflowId).signal(ADMITTED))
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw away(address, error)
      }
    },
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
/** A worker that was lost is noticed within seconds. */
const ACCEPT_MS = 10_000
const ANSWER_MS = 20_000
/** KEYWORD is 2, INT 3 in temporal.api.enums.v1.IndexedValueType. */
const SEARCH_ATTRIBUTES = { EtlJobId: 2, EtlStatus: 2, EtlTrigger: 2, EtlEpoch: 3 }

/** What workflows are searched by; the namespace has to know it before the first one starts. */
export async function registerMissing(connection: Connection, namespace: string): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace })
  const missing = Object.entries(SEARCH_ATTRIBUTES).filter(([name]) => customAttributes?.[name] === undefined)
  if (missing.length === 0) return
  await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: Object.fromEntries(missing) })
}

function refusal(address: string, error: unknown): JobError {
  if (error instanceof WorkflowNotFoundError) return new JobError('conflict', 'The execution has ended already')
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return new JobError('worker.lost', 'No worker has answered for the execution', {
      hint: 'See whether a worker runs (`etl worker`), and ask again.',
    })
  const { cause } = error instanceof WorkflowUpdateFailedError ? error : { cause: null }
  if (!(cause instanceof ApplicationFailure)) return away(address, error)
  return asJobError({ code: cause.type ?? '', message: cause.message })
}

function away(address: string, cause: unknown): JobError {
  return new JobError('temporal.away', `Temporal at ${address} cannot be reached or refused the call`, { cause })
}
