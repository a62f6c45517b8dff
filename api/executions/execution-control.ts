/** Executions, as the API asks for them at Temporal. */
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client'
import { ApplicationFailure, type TypedSearchAttributes } from '@temporalio/common'
import { asJobError, JobError } from '../../core/errors/job-error.js'
import { ADMITTED, QUEUES, type UpdateName, WORKFLOW_TYPE, workflowIdOf } from '../../core/execution/workflow-names.js'

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

export interface ExecutionControl {
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
}

/** `patienceMs`: how long it may take, tries included; absent: as any call. */
export type Soon = <T>(work: () => Promise<T>, patienceMs?: number) => Promise<T>

export interface ExecutionCalls {
  readonly soon: Soon
  readonly away: (error: unknown) => JobError
  /** null: the namespace does not know them yet. */
  readonly attributes: (jobId: string, trigger: string) => TypedSearchAttributes | null
}

export function executionControl(client: Client, given: ExecutionCalls): ExecutionControl {
  const { soon, away } = given
  return {
    async startExecution({ executionId, jobId, trigger }) {
      const attributes = given.attributes(jobId, trigger)
      try {
        await soon(() =>
          client.workflow.start(WORKFLOW_TYPE, {
            workflowId: workflowIdOf(jobId, executionId),
            taskQueue: QUEUES.control,
            args: [{ executionId }],
            workflowIdReusePolicy: 'REJECT_DUPLICATE',
            ...(attributes === null ? {} : { typedSearchAttributes: attributes }),
          }),
        )
        return 'started'
      } catch (error) {
        if (error instanceof WorkflowExecutionAlreadyStartedError) return 'already started'
        throw away(error)
      }
    },
    async cancelExecution(workflowId) {
      try {
        await soon(() => client.workflow.getHandle(workflowId).cancel())
        return 'asked'
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'gone'
        throw away(error)
      }
    },
    async update<T>(workflowId: string, { name, args, updateId }: Update): Promise<Updated<T>> {
      const handle = client.workflow.getHandle(workflowId)
      const options = { args: [...args] as [unknown], updateId, waitForStage: 'ACCEPTED' } as const
      try {
        const accepted = await soon(() => handle.startUpdate<T, [unknown]>(name, options), ACCEPT_MS)
        const answer = soon(() => accepted.result(), ANSWER_MS)
        return await answer.then(
          (given): Updated<T> => ({ isDone: true, answer: given }),
          (error): Updated<T> => {
            if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { isDone: false }
            throw error
          },
        )
      } catch (error) {
        throw refusal(error, away)
      }
    },
    async stateOf(workflowId) {
      try {
        const { status } = await soon(() => client.workflow.getHandle(workflowId).describe())
        return status.name === 'RUNNING' || status.name === 'PAUSED' ? 'RUNNING' : 'CLOSED'
      } catch (error) {
        // A namespace that is not found is another error: it says nothing about a workflow.
        if (error instanceof WorkflowNotFoundError) return 'GONE'
        throw away(error)
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
        throw away(error)
      }
    },
    async signalAdmitted(workflowId) {
      try {
        await soon(() => client.workflow.getHandle(workflowId).signal(ADMITTED))
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw away(error)
      }
    },
  }
}

/** A worker that was lost is noticed within seconds. */
const ACCEPT_MS = 10_000
const ANSWER_MS = 20_000

function refusal(error: unknown, away: ExecutionCalls['away']): JobError {
  if (error instanceof WorkflowNotFoundError) return new JobError('conflict', 'The execution has ended already')
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return new JobError('worker.lost', 'No worker has answered for the execution', {
      hint: 'See whether a worker runs (`etl worker`), and ask again.',
    })
  const { cause } = error instanceof WorkflowUpdateFailedError ? error : { cause: null }
  if (!(cause instanceof ApplicationFailure)) return away(error)
  return asJobError({ code: cause.type ?? '', message: cause.message })
}
