import { type Calendar, fires } from './fires.js'
import type { CatchUp } from './schedule.js'

/** A schedule, as far as it says what becomes of times that were missed. */
export interface CatchingUp {
  readonly calendar: Calendar
  readonly catchUp: CatchUp
  readonly jitterMs: number
}

/**
 * What may start when a time of the calendar comes: the first of these of which nothing is known, oldest first. A time is
 * missed when it could not start within a minute, or before the next one where that comes sooner (but within ten seconds at
 * least); then the newest that are due stand in for it, so that whoever is always late still starts the newest. None: it
 * starts nothing.
 */
export function timesToStart(schedule: CatchingUp, atMs: number, nowMs: number): readonly number[] {
  const [next = null] = fires(schedule.calendar, atMs, 1)
  if (nowMs - atMs <= graceMs(schedule, atMs, next)) return [atMs]
  const newest = timesMadeUp(schedule, atMs, nowMs)
  return newest.includes(atMs) ? [atMs] : newest
}

/** Of the times from `fromMs` to `nowMs`: the newest, so many as are made up for, oldest first. */
export function timesMadeUp({ calendar, catchUp }: CatchingUp, fromMs: number, nowMs: number): readonly number[] {
  const most = mostMadeUp(catchUp)
  if (most === 0) return []
  for (let span = LEAST_SPAN_MS; ; span *= 4) {
    const after = Math.max(fromMs - 1, nowMs - span)
    const found: number[] = []
    for (;;) {
      const times = fires(calendar, found.at(-1) ?? after, AT_ONCE)
      const due = times.filter((time) => time <= nowMs)
      found.push(...due)
      if (due.length < AT_ONCE) break
    }
    if (found.length >= most || after === fromMs - 1) return found.slice(-most)
  }
}

const LEAST_SPAN_MS = 60_000
const AT_ONCE = 64

/** Of a time for which others stand in. */
export function whyMissed({ mode, max }: CatchUp): string {
  if (mode === 'NONE') return 'It was missed, and missed times are not made up for (catchUp: NONE).'
  if (mode === 'LAST') return 'It was missed, and only the last is made up for (catchUp: LAST).'
  return `It was missed, and only the last ${max ?? MOST_MADE_UP} are made up for (catchUp: ALL).`
}

function mostMadeUp({ mode, max }: CatchUp): number {
  if (mode === 'NONE') return 0
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
