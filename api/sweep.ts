/** What was left by those who died on the way, and what falls due: dependants, events, retries, deadlines. */
import { reportError } from '../core/errors/job-error.js'
import type { ExecutionStore } from '../models/stores/execution-store.js'
import type { Told } from '../models/stores/schedule-store.js'
import type { Failed, Matches, Triggered, TriggerStore } from '../models/stores/trigger-store.js'
import type { StartedExecution } from './executions/execution-control.js'
import type { Log } from './log.js'

export interface Sweeping {
  readonly triggers: TriggerStore
  readonly executions: ExecutionStore
  readonly matches: Matches
  readonly start: (execution: StartedExecution) => Promise<unknown>
  readonly cancel: (jobId: string, executionId: string, workflowId: string | null) => Promise<void>
  readonly log: Log
  /** The same is not said with every pass. */
  readonly toldOnce: (details: object, message: string) => void
  readonly nowMs: () => number
}

export interface Swept {
  /** Executions. */
  readonly started: number
  readonly missedSlas: number
}

/** Whoever wrote a fact that is younger is looking itself. */
const LEFT_MS = 5000

export async function sweep(at: Sweeping): Promise<Swept> {
  const { triggers, log, nowMs } = at
  const failed = (what: string): Failed => {
    return (id, error) => at.toldOnce({ id, ...said(error) }, `${what}; it is tried again`)
  }
  const left = await triggers.startUnhandled(
    new Date(nowMs() - LEFT_MS),
    at.matches,
    toldTo(log),
    failed('what an event starts could not be started'),
  )
  const retries = await triggers.startDueRetries(new Date(nowMs()), failed('an execution could not be retried'))
  const started = await startTriggered(at, [...left, ...retries])
  const missedSlas = await triggers.tellMissedSlas(new Date(nowMs()), failed('a missed SLA could not be told of'))
  return { started, missedSlas }
}

/** Trouble of a schedule that was not there before. */
export function toldTo(log: Pick<Log, 'warn'>): Told {
  return ({ code, message, ...which }) =>
    log.warn({ event: 'SCHEDULE_TROUBLE', code, ...which }, `${message}; it is tried again`)
}

/** Answers how many. */
export async function startTriggered(
  { executions, start, cancel }: Pick<Sweeping, 'executions' | 'start' | 'cancel'>,
  triggered: readonly Triggered[],
): Promise<number> {
  let started = 0
  for (const { jobId, executionId, triggerType, isToStart, toCancel } of triggered) {
    if (isToStart && executionId !== null) {
      await start({ executionId, jobId, trigger: triggerType })
      started += 1
    }
    for (const running of toCancel) {
      const asked = await executions.cancelIfStill(running, null, 'a newer execution')
      if (asked !== null) await cancel(jobId, running, asked.workflowId)
    }
  }
  return started
}

function said(error: unknown) {
  const { code, message } = reportError(error)
  return { code, message }
}
