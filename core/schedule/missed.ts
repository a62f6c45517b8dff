import { type Calendar, fires } from './fires.js'
import type { CatchUp } from './schedule.js'

/** A schedule, as far as it says what becomes of times that were missed. */
export interface CatchingUp {
  readonly calendar: Calendar
  readonly catchUp: CatchUp
  readonly jitterMs: number
}

/**
 * Why a time of the calendar starts nothing any more; null: it does. A time is missed when it could not start within a
 * minute, or before the next one where that comes sooner (but within ten seconds at least).
 */
export function whyMissed(schedule: CatchingUp, atMs: number, nowMs: number): string | null {
  const { calendar, catchUp } = schedule
  const [next = null] = fires(calendar, atMs, 1)
  if (nowMs - atMs <= graceMs(schedule, atMs, next)) return null
  return whyNotMadeUp(catchUp, fires(calendar, atMs, mostMadeUp(catchUp)).filter((time) => time <= nowMs).length)
}

/** Of a time that was missed, `later` of the same calendar having come since. */
export function whyNotMadeUp({ mode, max }: CatchUp, later: number): string | null {
  if (mode === 'NONE') return 'It was missed, and missed times are not made up for (catchUp: NONE).'
  if (mode === 'LAST') return later === 0 ? null : 'It was missed, and only the last is made up for (catchUp: LAST).'
  const most = max ?? MOST_MADE_UP
  return later < most ? null : `It was missed, and only the last ${most} are made up for (catchUp: ALL).`
}

/** When so many have come since, a time is not made up for. */
export function mostMadeUp({ mode, max }: CatchUp): number {
  return mode === 'ALL' ? (max ?? MOST_MADE_UP) : 1
}

/** Of `ALL` without a number. */
const MOST_MADE_UP = 1000
const [LEAST_GRACE_MS, MOST_GRACE_MS] = [10_000, 60_000]

function graceMs({ jitterMs }: CatchingUp, atMs: number, nextMs: number | null): number {
  const gap = nextMs === null ? MOST_GRACE_MS : nextMs - atMs
  return Math.min(Math.max(gap, LEAST_GRACE_MS), MOST_GRACE_MS) + jitterMs
}

/** Whoever was to start a time has had time enough to do so by then. */
export function settledMs(jitterMs: number): number {
  return MOST_GRACE_MS + jitterMs
}
