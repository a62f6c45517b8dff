/** Executions: accepted, followed, cancelled. */
import { JobError } from '../../core/errors/job-error.js'
import { isTerminal } from '../../core/execution/status.js'
import { normaliseParameters } from '../../core/spec/parameter-values.js'
import type { ExecutionDetails } from '../../models/stores/execution-store.js'
import type { ApiDeps } from '../deps.js'
import { pageRequest } from '../http/page.js'
import { type Call, callerOf, type Route, route } from '../http/route.js'
import { noQuery } from '../http/schema.js'
import { jobParams } from '../jobs/schema.js'
import { accepted, cancelRunning } from './accepted.js'
import { againRoutes } from './again-routes.js'
import { cancelManyRoute } from './cancel-many.js'
import { execution, executionList, executionParams, executionQuery, startBody, started } from './schema.js'
import { updateRoutes } from './update-routes.js'

const tag = 'Executions'
const audit = (operation: string) => ({ operation, resource: 'EXECUTION' })

export const executionRoutes: readonly Route[] = [
  ...updateRoutes,
  ...againRoutes,
  cancelManyRoute,
  route({
    method: 'post',
    path: '/jobs/{jobId}/executions',
    tag,
    summary: 'Accepts an execution; it starts as soon as a worker and `maxConcurrentRuns` allow.',
    audit: audit('START_EXECUTION'),
    idempotent: true,
    params: jobParams,
    body: startBody,
    status: 202,
    response: started,
    handle: async (call, deps) => {
      const { jobId } = call.params
      const { priority } = call.body
      const created = await deps.executions.create({
        jobId,
        executionId: call.newId,
        parameters: (declared) => normaliseParameters(call.body.parameters, declared),
        logicalTime: new Date(deps.now()),
        triggerType: 'MANUAL',
        ...(priority === undefined ? {} : { priority }),
        createdBy: callerOf(call).userId,
        asked: callerOf(call).username,
      })
      return await accepted(created, 'MANUAL', call, deps)
    },
  }),
  route({
    method: 'get',
    path: '/executions',
    tag,
    summary: 'Executions, newest first.',
    query: executionQuery,
    status: 200,
    response: executionList,
    handle: async ({ query }, deps) => {
      const { from, to, ...rest } = pageRequest(query)
      const range = {
        from: from === undefined ? undefined : new Date(from),
        to: to === undefined ? undefined : new Date(to),
      }
      const { items, nextCursor } = await deps.executions.list({ ...rest, ...range })
      const details = await Promise.all(items.map(({ executionId }) => deps.executions.get(executionId)))
      return { body: { items: details.map(reportOf), nextCursor } }
    },
  }),
  route({
    method: 'get',
    path: '/executions/{executionId}',
    tag,
    summary: 'What an execution does or did.',
    params: executionParams,
    query: noQuery,
    status: 200,
    response: execution,
    handle: async ({ params }, deps) => ({ body: reportOf(await deps.executions.get(params.executionId)) }),
  }),
  route({
    method: 'post',
    path: '/executions/{executionId}/cancel',
    tag,
    summary: 'Cancels an execution that has not ended.',
    audit: audit('CANCEL_EXECUTION'),
    idempotent: true,
    params: executionParams,
    status: 202,
    response: started,
    handle: cancel,
  }),
]

async function cancel(call: Call<{ executionId: string }>, deps: ApiDeps) {
  const { executionId } = call.params
  const { jobId, status, retryAt } = await deps.executions.get(executionId)
  if (isTerminal(status) && retryAt === null)
    throw new JobError('conflict', `The execution has ended already: it is ${status}`)
  return { body: { executionId, status: await cancelRunning(jobId, executionId, callerOf(call), deps) } }
}

/** Exactly what every report of a run holds (SURFACES section 3), and what holds it up while something does. */
function reportOf(details: ExecutionDetails) {
  const {
    executionId,
    jobId,
    jobName,
    jobVersion,
    status,
    records,
    epochs,
    restarts,
    durationMs,
    lastCheckpointId,
    operators,
    error,
    waitReason,
    retryAt,
  } = details
  return {
    executionId,
    jobId,
    jobName,
    jobVersion,
    status,
    records,
    epochs,
    restarts,
    durationMs,
    lastCheckpointId,
    operators: [...operators],
    error,
    ...(status === 'WAITING' && waitReason !== null ? { waitReason } : {}),
    ...(retryAt === null ? {} : { retryAt }),
  }
}
