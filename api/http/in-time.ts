/** A call that reads is answered in time, whatever it waits for: a catalogue that hangs or is locked is told, not shared. */
import { JobError } from '../../core/errors/job-error.js'
import { within } from '../../core/within.js'
import type { Route } from './route.js'

/** Over the time in which a catalogue that says nothing is noticed, connections and all. */
const READ_MS = 15_000

/** A call that changes something waits for its outcome, because "failed" has to be true. Throws `mysql.away`. */
export async function inTime<T>(route: Route, work: Promise<T>): Promise<T> {
  if (route.method !== 'get' || route.audit !== undefined || route.takesLong === true) return await work
  return await within(work, READ_MS, noAnswer)
}

const noAnswer = () =>
  new JobError('mysql.away', `No answer could be had in ${READ_MS / 1000} s.`, {
    hint: 'The catalogue database is too busy, or somebody holds its tables. Ask again, or for less: a shorter time, a smaller page.',
  })
