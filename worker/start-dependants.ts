/** The jobs that depend on an execution are started by whoever has ended it. */
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client'
import { reportError } from '../core/errors/job-error.js'
import { QUEUES, WORKFLOW_TYPE, workflowIdOf } from '../core/execution/workflow-names.js'
import type { ExecutionStore } from '../models/stores/execution-store.js'
import type { Told } from '../models/stores/schedule-store.js'
import type { Triggered, TriggerStore } from '../models/stores/trigger-store.js'
import { startAttributes } from '../process/start-attributes.js'
import { cancelOvertaken } from './cancel-overtaken.js'

interface Log {
  warn(details: object, message: string): void
}

export interface Dependants {
  readonly triggers: Pick<TriggerStore, 'startDependants'>
  readonly executions: Pick<ExecutionStore, 'cancelIfStill'>
  readonly workflows: Pick<Client['workflow'], 'start' | 'getHandle'>
  readonly log: Log
}

/**
 * Never fails: it is the last act of an execution, whose end is stored by then. What is left out here (no row yet, or a row
 * without a workflow, or a cancel that nobody carried out) the reconciler finds.
 */
export function startDependants({ triggers, executions, workflows, log }: Dependants) {
  const told: Told = ({ code, message, ...which }) =>
    log.warn({ event: 'SCHEDULE_TROUBLE', code, ...which }, `${message}; it is tried again`)
  return async (executionId: string): Promise<void> => {
    try {
      for (const triggered of await triggers.startDependants(executionId, told)) {
        if (triggered.isToStart) await start(workflows, triggered)
        await cancelOvertaken({ executions, workflows, log }, triggered)
      }
    } catch (error) {
      log.warn({ executionId, code: reportError(error).code }, 'dependants could not be started; it is tried again')
    }
  }
}

async function start(
  workflows: Dependants['workflows'],
  { jobId, executionId, triggerType }: Triggered,
): Promise<void> {
  if (executionId === null) return
  const plain = {
    workflowId: workflowIdOf(jobId, executionId),
    taskQueue: QUEUES.control,
    args: [{ executionId }],
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
  } as const
  try {
    const typedSearchAttributes = startAttributes(jobId, triggerType)
    // A namespace that does not know the attributes refuses them: it starts without.
    await workflows.start(WORKFLOW_TYPE, { ...plain, typedSearchAttributes }).catch(async (error: unknown) => {
      if (error instanceof WorkflowExecutionAlreadyStartedError) throw error
      await workflows.start(WORKFLOW_TYPE, plain)
    })
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
  }
}
