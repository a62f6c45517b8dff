import type { Cron } from './cron.js'
import { nextQuartz } from './next-quartz.js'
import { nextUnix } from './next-unix.js'
import type { Zone } from './zone.js'

export interface Search {
  /** Milliseconds since 1970; the times are after it. */
  readonly from: number
  readonly count: number
  /** Nothing is looked for behind it: an expression may never come true. Quartz looks a hundred years ahead of today. */
  readonly lastYear: number
}

/** The next times, in milliseconds since 1970, in their order; fewer than `count` where there are no more. */
export function nextTimes(cron: Cron, zone: Zone, { from, count, lastYear }: Search): readonly number[] {
  const times: number[] = []
  while (times.length < count) {
    const after = times.at(-1) ?? from
    const next =
      cron.form === 'QUARTZ' ? nextQuartz(cron, zone, after, lastYear) : nextUnix(cron, zone, after, lastYear)
    if (next === null) break
    times.push(next)
  }
  return times
}
