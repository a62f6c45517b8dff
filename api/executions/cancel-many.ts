/** Many executions are cancelled at once: those of a job, or of a status, or all. */
import { callerOf, type Route, route } from '../http/route.js'
import { cancelIfStill } from './accepted.js'
import { cancelled, cancelManyBody } from './schema.js'

export const cancelManyRoute: Route = route({
  method: 'post',
  path: '/executions/cancel',
  tag: 'Executions',
  summary: 'Cancels all executions that have not ended and fit the filter; what waits to be tried again is given up.',
  audit: { operation: 'CANCEL_EXECUTIONS', resource: 'EXECUTION' },
  idempotent: true,
  body: cancelManyBody,
  status: 202,
  response: cancelled,
  handle: async (call, deps) => {
    const { jobId, status, dryRun } = call.body
    const found = await deps.executions.cancellable({ jobId, status })
    const caller = callerOf(call)
    const items = []
    // Newest first: what waits is not let in by the end of what runs.
    for (const one of [...found].reverse()) {
      const now = dryRun ? one.status : await cancelIfStill(one.jobId, one.executionId, caller, deps, status)
      if (now !== null) items.push({ ...one, status: now })
    }
    return { body: { items, dryRun } }
  },
})
