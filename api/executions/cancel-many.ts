/** Many executions are cancelled at once: those of a job, or of a status, or all. */
import { isJobError } from '../../core/errors/job-error.js'
import type { Cancellable } from '../../models/stores/execution-store.js'
import type { ApiDeps } from '../deps.js'
import { type Call, callerOf, type Route, route } from '../http/route.js'
import { cancelRunning } from './accepted.js'
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
    const items = []
    // Newest first: what waits is not let in by the end of what runs.
    for (const one of [...found].reverse()) {
      const now = dryRun ? one.status : await cancelOne(one, call as Call, deps)
      if (now !== null) items.push({ ...one, status: now })
    }
    return { body: { items, dryRun } }
  },
})

/** null: it has ended by itself in the meantime. */
async function cancelOne({ jobId, executionId }: Cancellable, call: Call, deps: ApiDeps) {
  try {
    return await cancelRunning(jobId, executionId, callerOf(call), deps)
  } catch (error) {
    if (isJobError(error) && error.code === 'conflict') return null
    throw error
  }
}
