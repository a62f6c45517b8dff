/** Who need not be told: alerts that somebody has silenced, and those that a worse one explains. */
import { type AlertLevel, isHigher } from './rule.js'

export interface Silence {
  readonly ruleId: string | null
  readonly jobId: string | null
  readonly startMs: number
  readonly endMs: number
}

interface Told {
  readonly ruleId: string
  readonly jobId: string | null
}

export function isSilenced(alert: Told, silences: readonly Silence[], nowMs: number): boolean {
  return silences.some(
    ({ ruleId, jobId, startMs, endMs }) =>
      startMs <= nowMs &&
      nowMs < endMs &&
      (ruleId === null || ruleId === alert.ruleId) &&
      (jobId === null || jobId === alert.jobId),
  )
}

/** `worst` is the highest level that fires for the job. An alert of no job is explained by none. */
export function isInhibited(alert: { readonly level: AlertLevel }, worst: AlertLevel | null): boolean {
  return worst !== null && isHigher(worst, alert.level)
}
