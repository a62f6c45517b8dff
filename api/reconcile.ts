/** Brings the rows of executions and their workflows back together, where a crash or an absence has parted them (I7). */
import { reportError } from '../core/errors/job-error.js'
import {
  isLost,
  isToStartAnew,
  namedExecutions,
  SETTLED_MS,
  withoutWorkflow,
  workflowOf,
} from '../core/execution/parted.js'
import type { ExecutionStore, UnfinishedExecution } from '../models/stores/execution-store.js'
import type { StartedExecution } from './executions/execution-control.js'
import type { Log } from './log.js'
import type { TemporalControl } from './temporal.js'

export interface Reconciling {
  readonly temporal: TemporalControl
  readonly executions: ExecutionStore
  readonly log: Log
  /** Answers the code of what went wrong; null: Temporal took it. */
  readonly start: (execution: StartedExecution) => Promise<string | null>
  /** The same is not said with every pass. */
  readonly toldOnce: (details: object, message: string) => void
  readonly nowMs: () => number
}

export interface Reconciled {
  readonly started: number
  readonly closed: number
  readonly cancelled: number
}

/** Younger than that it may be on its way. */
const ACCEPTED_MS = 5000

export async function reconcile(at: Reconciling): Promise<Reconciled> {
  const started = await startAccepted(at)
  const unfinished = await at.executions.unfinished()
  const asked = await cancelAsked(at, unfinished)
  const running = await at.temporal.running(new Date(at.nowMs() - SETTLED_MS))
  const closed = await closeLost(at, unfinished, new Set(running))
  const orphans = await cancelOrphans(at, running)
  await admitWaiting(at, unfinished)
  return { started, closed, cancelled: asked + orphans }
}

async function startAccepted({ executions, start, nowMs }: Reconciling): Promise<number> {
  const accepted = await executions.acceptedBefore(new Date(nowMs() - ACCEPTED_MS))
  let started = 0
  for (const { executionId, jobId, triggerType } of accepted) {
    const refused = await start({ executionId, jobId, trigger: triggerType })
    if (refused === 'temporal.away') break
    if (refused === null) started += 1
  }
  return started
}

/** What was asked while Temporal was away; asking again does no harm. */
async function cancelAsked(at: Reconciling, unfinished: readonly UnfinishedExecution[]): Promise<number> {
  const asked = unfinished.filter((one) => one.cancelRequested)
  return await each(at, asked, workflowOf, async (one) => {
    await at.temporal.cancelExecution(workflowOf(one))
    return true
  })
}

/** One that fails holds up no other; answers of how many something was done. */
async function each<R>(
  { toldOnce }: Reconciling,
  rows: readonly R[],
  nameOf: (row: R) => string,
  work: (row: R) => Promise<boolean>,
): Promise<number> {
  let done = 0
  for (const row of rows) {
    try {
      if (await work(row)) done += 1
    } catch (error) {
      const { code, message } = reportError(error)
      // Then nothing goes, and it is no fault of this one (I7).
      if (code === 'mysql.away' || code === 'temporal.away') throw error
      toldOnce({ workflowId: nameOf(row), code }, `${message}; it is tried again`)
    }
  }
  return done
}

async function closeLost(
  at: Reconciling,
  unfinished: readonly UnfinishedExecution[],
  running: ReadonlySet<string>,
): Promise<number> {
  return await each(at, withoutWorkflow(unfinished, running, at.nowMs()), workflowOf, async (one) => {
    // The list lags behind; what a workflow says of itself does not.
    const state = await at.temporal.stateOf(workflowOf(one))
    if (isToStartAnew(state, one)) await at.executions.startAnew(one.executionId)
    if (!isLost(state, one)) return false
    if (!(await at.executions.closeLost(one.executionId))) return false
    at.log.warn({ executionId: one.executionId, workflow: state }, 'an execution without a workflow was closed')
    return true
  })
}

async function cancelOrphans(at: Reconciling, workflowIds: readonly string[]): Promise<number> {
  const { temporal, executions, log, nowMs } = at
  const running = namedExecutions(workflowIds)
  if (running.length === 0) return 0
  const workedFor = await executions.workedFor(
    running.map((one) => one.executionId),
    new Date(nowMs() - SETTLED_MS),
  )
  const orphans = running.filter((one) => !workedFor.has(one.executionId))
  const cancel = async ({ workflowId }: { readonly workflowId: string }) => {
    await temporal.cancelExecution(workflowId)
    log.warn({ workflowId }, 'a workflow that no execution asks for was cancelled')
    return true
  }
  return await each(at, orphans, ({ workflowId }) => workflowId, cancel)
}

/** A signal that was lost is sent again. */
async function admitWaiting(
  { temporal, executions, log }: Reconciling,
  unfinished: readonly UnfinishedExecution[],
): Promise<void> {
  // A job of which all run has nothing to admit: thousands that wait for input cost no statement.
  const pending = unfinished.filter(
    ({ status, hasBegun }) => status === 'WAITING' || (status === 'RUNNING' && !hasBegun),
  )
  if (pending.length === 0) return
  try {
    const jobIds = [...new Set(pending.map((one) => one.jobId))]
    for (const { jobId, executionId, workflowId } of await executions.admitWaiting(jobIds))
      await temporal.signalAdmitted(workflowOf({ jobId, executionId, workflowId }))
  } catch (error) {
    log.warn({ code: reportError(error).code }, 'what waits could not be admitted; it is tried again')
  }
}
