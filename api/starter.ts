/**
 * Brings accepted executions and cancels to Temporal. The row comes first and is what a 202 promises; Temporal is asked
 * at once, and again by `reconcile`, so that its absence, or a crash in between, loses nothing (I7).
 */
import { reportError } from '../core/errors/job-error.js'
import { workflowIdOf } from '../core/execution/workflow-names.js'
import type { ExecutionStore } from '../models/stores/execution-store.js'
import type { Matches, Triggered, TriggerStore } from '../models/stores/trigger-store.js'
import type { StartedExecution, Update, Updated } from './executions/execution-control.js'
import type { Log } from './log.js'
import { type Reconciled, reconcile as reconcileOnce } from './reconcile.js'
import { type Swept, startTriggered, sweep as sweepOnce } from './sweep.js'
import type { TemporalControl } from './temporal.js'

export interface Starter {
  /** Does not wait: the caller has its answer already. */
  start(execution: StartedExecution): void
  /** `workflowId` where it is known not to be the usual one. The row says already that it is asked for. */
  cancel(jobId: string, executionId: string, workflowId: string | null): Promise<void>
  /** Asks the execution itself, which refuses, or answers once it is done. */
  update<T>(jobId: string, executionId: string, workflowId: string | null, update: Update): Promise<Updated<T>>
  /** Those that something has triggered: they are started, and what they displace is cancelled. */
  startTriggered(triggered: readonly Triggered[]): Promise<void>
  /** One pass; passes do not overlap. */
  reconcile(): Promise<Reconciled>
  /** What others left and what falls due; passes do not overlap. */
  sweep(): Promise<Swept>
  /** Waits for what is being started. */
  close(): Promise<void>
}

const EVERY_MS = 30_000
/** Retries and deadlines come so much too late at most. */
const SWEEP_EVERY_MS = 5000
const MOST_SAID = 1000

export interface StarterOptions {
  /** Absent: nothing is triggered. */
  readonly triggers?: { readonly store: TriggerStore; readonly matches: Matches }
  readonly everyMs?: number
  readonly sweepEveryMs?: number
  readonly nowMs?: () => number
}

export function openStarter(
  temporal: TemporalControl,
  executions: ExecutionStore,
  log: Log,
  { triggers, everyMs = EVERY_MS, sweepEveryMs = SWEEP_EVERY_MS, nowMs = Date.now }: StarterOptions = {},
): Starter {
  const starting = new Set<Promise<unknown>>()
  const start = async (execution: StartedExecution): Promise<string | null> => {
    try {
      await temporal.startExecution(execution)
      return null
    } catch (error) {
      const { code, message } = reportError(error)
      log.warn(
        { executionId: execution.executionId, code },
        `${message}; the execution is accepted and will be started later`,
      )
      return code
    }
  }
  const said = new Set<string>()
  const toldOnce = (details: object, message: string) => {
    const text = JSON.stringify([details, message])
    if (said.size >= MOST_SAID) said.clear()
    if (!said.has(text)) log.warn(details, message)
    said.add(text)
  }
  let pass: Promise<Reconciled> | null = null
  const reconcile = (): Promise<Reconciled> => {
    pass ??= reconcileOnce({ temporal, executions, log, start, toldOnce, nowMs }).finally(() => {
      pass = null
    })
    return pass
  }
  const cancel: Starter['cancel'] = async (jobId, executionId, workflowId) => {
    try {
      await temporal.cancelExecution(workflowId ?? workflowIdOf(jobId, executionId))
    } catch (error) {
      const { code, message } = reportError(error)
      log.warn({ executionId, code }, `${message}; the cancel is noted and will be carried out later`)
    }
  }
  let sweeping: Promise<Swept> | null = null
  const sweep = (): Promise<Swept> => {
    if (triggers === undefined) return Promise.resolve({ started: 0, missedSlas: 0 })
    const { store, matches } = triggers
    sweeping ??= sweepOnce({ triggers: store, executions, matches, start, cancel, log, toldOnce, nowMs }).finally(
      () => {
        sweeping = null
      },
    )
    return sweeping
  }
  const keepDoing = (work: () => Promise<unknown>, ms: number, what: string) =>
    setInterval(() => {
      work().catch((error: unknown) => log.warn({ code: reportError(error).code }, `${what} failed; it is tried again`))
    }, ms).unref()
  const timers = [keepDoing(reconcile, everyMs, 'reconciling'), keepDoing(sweep, sweepEveryMs, 'sweeping')]
  return {
    start(execution) {
      const work = start(execution).finally(() => starting.delete(work))
      starting.add(work)
    },
    cancel,
    startTriggered: async (triggered) => {
      await startTriggered({ executions, start, cancel }, triggered)
    },
    update: async (jobId, executionId, workflowId, update) =>
      await temporal.update(workflowId ?? workflowIdOf(jobId, executionId), update),
    reconcile,
    sweep,
    async close() {
      for (const timer of timers) clearInterval(timer)
      await Promise.allSettled([...starting, pass, sweeping])
    },
  }
}
