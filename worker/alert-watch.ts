/** Alerts at once: what an execution tells of is judged right after it is stored, and in nobody's way. */
import type { Delivery } from '../activities/alert/deliver-alerts.js'
import type { AlertDeps } from '../activities/alert/deps.js'
import { evaluateAlerts } from '../activities/alert/evaluate-alerts.js'
import { reportError } from '../core/errors/job-error.js'
import type { ExecutionEvent, Journal } from '../core/execution/journal.js'

export interface AlertWatch {
  /** Asked by many at a time: judged once for all of them. */
  soon(): void
  /** Lets go of what it is at. */
  stop(): Promise<void>
}

const STOP_MS = 5000

export function openAlertWatch(deps: AlertDeps, delivery: Delivery): AlertWatch {
  let isStopped = false
  const failed = (error: unknown) =>
    // The run of each minute makes up for it.
    deps.warn({ code: reportError(error).code }, 'alerts could not be judged at once')
  const judging = oneAtATime(async () => {
    const { told } = await evaluateAlerts(deps, 'AT_ONCE')
    if (told > 0) await delivery.pass()
  }, failed)
  return {
    soon() {
      if (!isStopped) judging.again()
    },
    async stop() {
      isStopped = true
      delivery.stop()
      const idle = Promise.all([judging.idle(), delivery.idle()])
      // A receiver that does not answer holds up no shutdown: it is told by another worker.
      await Promise.race([idle, new Promise((resolve) => setTimeout(resolve, STOP_MS).unref())])
    },
  }
}

/** The journal, whose bad news is heard. */
export function heard(journal: Journal, soon: () => void): Journal {
  const after = async <T>(work: Promise<T>, isNews = true): Promise<T> => {
    const done = await work
    if (isNews) soon()
    return done
  }
  return {
    ...journal,
    finish: (...given) => after(journal.finish(...given)),
    storeRestart: (...given) => after(journal.storeRestart(...given)),
    event: (executionId, event) => after(journal.event(executionId, event), isBad(event)),
    completeCheckpoint: (owner, commit) => after(journal.completeCheckpoint(owner, commit), commit.events.some(isBad)),
  }
}

const isBad = ({ level }: ExecutionEvent) => level !== 'INFO'

function oneAtATime(work: () => Promise<void>, failed: (error: unknown) => void) {
  let current: Promise<void> | null = null
  let isWanted = false
  const run = async () => {
    while (isWanted) {
      isWanted = false
      await work().catch(failed)
    }
    current = null
  }
  return {
    again() {
      isWanted = true
      current ??= run()
    },
    idle: async () => await current,
  }
}
