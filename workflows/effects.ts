/** The loop's effects as activities and durable timers. */
import {
  ActivityCancellationType,
  CancellationScope,
  condition,
  defineSignal,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
} from '@temporalio/workflow'
import type { Activities } from '../activities/contract.js'
import type { ExecutionEffects, Prepared } from '../core/execution/effects.js'
import { ADMITTED, QUEUES } from '../core/execution/workflow-names.js'
import type { Deadline } from './deadline.js'
import { fromTemporal, mayPass } from './failure.js'
import { searchAttributes } from './search-attributes.js'

/** Sent to a waiting execution once it has been admitted. */
export const admitted = defineSignal(ADMITTED)

/** Known only once the execution is prepared. */
export interface Limits {
  heartbeatTimeoutMs: number
  checkpointTimeoutMs: number
}

const GRACE_MS = 30_000

/** Control activities are short, and wait for MySQL without limit, outside the restart budget (I7). */
const patient = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' } as const

/** Time does not count while it is paused, nor before it is admitted. */
type Clock = Pick<Deadline, 'hold' | 'goOn' | 'waited'>

export function workflowEffects(limits: Limits, adopt: (prepared: Prepared) => void, clock: Clock): ExecutionEffects {
  const shown = searchAttributes()
  let isAdmitted = false
  setHandler(admitted, () => {
    isAdmitted = true
  })
  return {
    prepare: async (executionId) => {
      // A cancel does not arrive before a step ends that runs where decisions are made.
      const prepared = await translated(hereOrThere('prepare', '2s', (steps) => steps.prepareExecution(executionId)))
      if (prepared !== 'waiting') adopt(prepared)
      shown.status(prepared === 'waiting' ? 'WAITING' : 'RUNNING')
      return prepared
    },
    runChain: (task, summary) =>
      translated(
        proxyActivities<Activities>({
          taskQueue: QUEUES.data,
          // The step itself ends when it has taken too long; this is for one that cannot even do that.
          startToCloseTimeout: limits.checkpointTimeoutMs + GRACE_MS,
          heartbeatTimeout: limits.heartbeatTimeoutMs,
          cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
          retry: { maximumAttempts: 5, initialInterval: '100ms', backoffCoefficient: 1 },
          summary,
        }).runOperatorChain(task),
      ),
    // Short, and asked again it gives the stored answer: run where decisions are made, it saves a way to the server and back.
    triggerCheckpoint: async (done) => {
      const next = await translated(
        proxyLocalActivities<Activities>({
          startToCloseTimeout: '10s',
          localRetryThreshold: '1s',
          retry: patient,
          summary: `checkpoint ${done.epoch}`,
        }).triggerCheckpoint(done),
      )
      shown.status((next.kind === 'exhausted' && next.ended) || 'RUNNING')
      shown.epoch(done.epoch)
      return next
    },
    // Mostly short, and a record that has come waits for it.
    planEpoch: (owner, drains) =>
      translated(hereOrThere(drains ? 'plan the end' : 'plan', '2s', (steps) => steps.planEpoch(owner, drains))),
    dropPlan: (owner, epoch) => translated(long(`drop the plan of epoch ${epoch}`).dropPlan(owner, epoch)),
    awaitInput: (owner) =>
      translated(
        proxyActivities<Activities>({
          taskQueue: QUEUES.wait,
          startToCloseTimeout: '1d',
          heartbeatTimeout: 2 * limits.heartbeatTimeoutMs,
          cancellationType: ActivityCancellationType.TRY_CANCEL,
          retry: patient,
          summary: 'wait for input',
        }).awaitInput(owner),
      ),
    takeSavepoint: (owner, by) => translated(control('savepoint').takeSavepoint(owner, by)),
    setStatus: async (owner, status, by) => {
      await translated(control(status === 'PAUSED' ? 'pause' : 'resume').setExecutionStatus(owner, status, by))
      shown.status(status)
      if (status === 'PAUSED') clock.hold()
      else clock.goOn()
    },
    evaluateRestart: async (owner, executionId, failure) => {
      const summary = `restart? ${failure.error.code}`
      const decision = await translated(control(summary).evaluateRestartStrategy(owner, executionId, failure))
      if (decision.restart) shown.status('RESTARTING')
      return decision
    },
    // A cancelled execution still gets its final status.
    finish: async (owner, executionId, outcome) => {
      const stands = await CancellationScope.nonCancellable(() =>
        translated(
          hereOrThere(`finish: ${outcome.status}`, '10s', (steps) =>
            steps.finishExecution(owner, executionId, outcome),
          ),
        ),
      )
      // The histories of earlier releases have no answer.
      const status = stands ?? outcome.status
      shown.status(status)
      return status
    },
    sleep: (ms) => translated(sleep(ms)),
    untilAdmitted: async () => {
      // Asked again now and then: a signal that was lost must not leave an execution waiting for ever.
      await translated(condition(() => isAdmitted, '1m'))
      isAdmitted = false
      clock.waited()
    },
    now: () => Date.now(),
  }
}

/** The execution of a time of a schedule; null: it starts none. */
export function startScheduled(scheduleId: string, logicalTime: string): Promise<string | null> {
  return translated(
    hereOrThere(`scheduled for ${logicalTime}`, '2s', (steps) => steps.startScheduled(scheduleId, logicalTime)),
  )
}

const control = (summary: string) =>
  proxyActivities<Activities>({ taskQueue: QUEUES.control, startToCloseTimeout: '10s', retry: patient, summary })
const long = (summary: string) =>
  proxyActivities<Activities>({
    taskQueue: QUEUES.control,
    startToCloseTimeout: '1h',
    heartbeatTimeout: '10s',
    retry: patient,
    summary,
  })
/**
 * A step that is mostly short runs where decisions are made, which saves a way to the server and back; one that turns out
 * longer, or finds MySQL away, is given to the queue.
 */
async function hereOrThere<T>(
  summary: string,
  within: `${number}s`,
  step: (activities: Steps) => Promise<T>,
): Promise<T> {
  const once = { startToCloseTimeout: within, retry: { maximumAttempts: 1 }, summary }
  try {
    return await step(proxyLocalActivities<Activities>(once))
  } catch (error) {
    if (!mayPass(error)) throw error
    return await step(long(summary))
  }
}

type Steps = Pick<Activities, 'startScheduled' | 'prepareExecution' | 'planEpoch' | 'finishExecution'>

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw fromTemporal(error)
  }
}
