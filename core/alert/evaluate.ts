/** What becomes of the alerts of one rule: pure, from what was measured and what was known. */
import { holdMs } from './flapping.js'
import { type Condition, holds } from './rule.js'

/** One thing that a rule watches (a job, a schedule, a worker), measured now. */
export interface Reading {
  /** Within the rule: `job/<id>`, `worker/<id>`. */
  readonly subject: string
  readonly jobId: string | null
  readonly executionId: string | null
  readonly value: number
  /** What the alert stands for so far, since it was raised. */
  readonly occurrences: number
  /** A sentence for people. */
  readonly message: string
  /** Of the first and the last of its facts; absent: now. */
  readonly sinceMs?: number
  readonly lastMs?: number
  /** What was counted has been made good since: the alert is over, whatever the value says. */
  readonly isOver?: boolean
}

export interface OpenAlert {
  readonly alertId: string
  readonly subject: string
  readonly occurrences: number
  readonly value: number | null
  /** When the condition stopped to hold; null: it holds. */
  readonly clearSinceMs: number | null
  /** How often this subject has been raised in the last hour, this time included. */
  readonly raisedLately: number
}

/** Since when a condition has held that has not held for long enough, by subject. */
export type Pending = Readonly<Record<string, number>>

export interface Evaluated {
  readonly raised: readonly (Reading & { readonly atMs: number })[]
  readonly changed: readonly { readonly alertId: string; readonly reading: Reading }[]
  /** The condition has stopped to hold; whether it stays so is not known yet. */
  readonly cleared: readonly string[]
  readonly resolved: readonly string[]
  readonly pending: Pending
}

export function evaluateRule(
  condition: Condition,
  readings: readonly Reading[],
  open: readonly OpenAlert[],
  pending: Pending,
  nowMs: number,
): Evaluated {
  const known = new Map(open.map((alert) => [alert.subject, alert]))
  const read = new Map(readings.map((reading) => [reading.subject, reading]))
  const raised: (Reading & { atMs: number })[] = []
  const changed: { alertId: string; reading: Reading }[] = []
  const waiting: Record<string, number> = {}
  for (const reading of read.values()) {
    if (!holds(reading.value, condition)) continue
    const alert = known.get(reading.subject)
    if (alert !== undefined) {
      // Before it is over it tells all that it stands for.
      if (isNews(alert, reading)) changed.push({ alertId: alert.alertId, reading })
      continue
    }
    const sinceMs = Math.min(pending[reading.subject] ?? nowMs, reading.sinceMs ?? nowMs)
    const isDue = nowMs - sinceMs >= condition.forMs
    if (isDue) raised.push({ ...reading, atMs: reading.sinceMs ?? nowMs })
    else if (reading.isOver !== true) waiting[reading.subject] = sinceMs
  }
  const cleared: string[] = []
  const resolved: string[] = []
  for (const alert of open) {
    const reading = read.get(alert.subject)
    const isFiring = reading !== undefined && reading.isOver !== true && holds(reading.value, condition)
    if (isFiring) continue
    const clearMs = nowMs - (alert.clearSinceMs ?? nowMs)
    if (clearMs >= holdMs(alert.raisedLately)) resolved.push(alert.alertId)
    else if (alert.clearSinceMs === null) cleared.push(alert.alertId)
  }
  return { raised, changed, cleared, resolved, pending: waiting }
}

/** Also: it holds again after it had stopped. */
function isNews(alert: OpenAlert, reading: Reading): boolean {
  const holdsAgain = alert.clearSinceMs !== null && reading.isOver !== true
  return alert.occurrences !== reading.occurrences || alert.value !== reading.value || holdsAgain
}
