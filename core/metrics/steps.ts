/** How finely a range of time is shown. */
import { JobError } from '../errors/job-error.js'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Steps that read well, in milliseconds. */
const ROUND: readonly number[] = [
  ...[10, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 30].map((minutes) => minutes * MINUTE),
  ...[1, 3, 6, 12].map((hours) => hours * HOUR),
  DAY,
]

/** So many points are chosen at most where nobody says how fine it is to be, and so many are answered at most. */
const USUAL = 300
export const MOST_POINTS = 2000

export function defaultStepMs(rangeMs: number): number {
  return ROUND.find((stepMs) => rangeMs / stepMs <= USUAL) ?? Math.ceil(rangeMs / USUAL / DAY) * DAY
}

/** Throws `usage.invalid` where it would give more than MOST_POINTS. */
export function checkedStepMs(stepMs: number, rangeMs: number): number {
  if (rangeMs / stepMs <= MOST_POINTS) return stepMs
  const least = Math.ceil(rangeMs / MOST_POINTS / SECOND)
  throw new JobError('usage.invalid', `A step of ${stepMs / SECOND} s gives more than ${MOST_POINTS} points`, {
    pointer: '/step',
    hint: `Ask for a shorter range, or for a step of ${least}s or more.`,
  })
}
