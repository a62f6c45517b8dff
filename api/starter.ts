/**
 * Brings accepted executions to Temporal. The row comes first and is what a 202 promises; starting is tried at once and
 * again by `reconcile`, so that a Temporal that is away, or a crash in between, loses nothing (I7).
 */
import { reportError } from '../core/errors/job-error.js'
import type { ExecutionStore } from '../models/stores/execution-store.js'
import type { Log } from './deps.js'
import { type StartedExecution, type TemporalControl, workflowIdOf } from './temporal.js'

export interface Starter {
  /** Does not wait: the caller has its answer already. */
  start(execution: StartedExecution): void
  /** `workflowId` where it is known not to be the usual one. */
  cancel(jobId: string, executionId: string, workflowId: string | null): Promise<void>
  /** Starts what was accepted a while ago and has no workflow, answers how many; admits what waits, and tells it again. */
  reconcile(): Promise<number>
  /** Waits for what is being started. */
  close(): Promise<void>
}

const SETTLED_MS = 5000
const EVERY_MS = 30_000

export function openStarter(temporal: TemporalControl, executions: ExecutionStore, log: Log): Starter {
  const starting = new Set<Promise<unknown>>()
  const attempt = async (execution: StartedExecution): Promise<boolean> => {
    try {
      await temporal.startExecution(execution)
      return true
    } catch (error) {
      const { code, message } = reportError(error)
      log.warn(
        { executionId: execution.executionId, code },
        `${message}; the execution is accepted and will be started later`,
      )
      return false
    }
  }
  const startAccepted = async (): Promise<number> => {
    const accepted = await executions.acceptedBefore(new Date(Date.now() - SETTLED_MS))
    let started = 0
    for (const { executionId, jobId } of accepted) {
      if (!(await attempt({ executionId, jobId, trigger: 'MANUAL' }))) break
      started += 1
    }
    return started
  }
  const reconcile = async (): Promise<number> => {
    const started = await startAccepted()
    const unfinished = await executions.unfinished()
    const workflows = new Map(
      unfinished.map((one) => [one.executionId, one.workflowId ?? workflowIdOf(one.jobId, one.executionId)]),
    )
    for (const jobId of new Set(unfinished.map((one) => one.jobId))) {
      for (const executionId of await executions.admitWaiting(jobId)) {
        const workflowId = workflows.get(executionId)
        if (workflowId !== undefined) await temporal.signalAdmitted(workflowId)
      }
    }
    return started
  }
  const timer = setInterval(() => {
    reconcile().catch((error: unknown) =>
      log.warn({ code: reportError(error).code }, 'reconciling failed; it is tried again'),
    )
  }, EVERY_MS)
  timer.unref()
  return {
    start(execution) {
      const work = attempt(execution).finally(() => starting.delete(work))
      starting.add(work)
    },
    cancel: async (jobId, executionId, workflowId) => {
      await temporal.cancelExecution(workflowId ?? workflowIdOf(jobId, executionId))
    },
    reconcile,
    async close() {
      clearInterval(timer)
      await Promise.all(starting)
    },
  }
}
