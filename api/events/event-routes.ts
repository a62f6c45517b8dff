/** Events from outside, and what they and the ends of executions have started. */
import type { FactRecord } from '../../models/stores/trigger-store.js'
import type { ApiDeps } from '../deps.js'
import { pageRequest } from '../http/page.js'
import { type Route, route } from '../http/route.js'
import { noQuery } from '../http/schema.js'
import { jobParams } from '../jobs/schema.js'
import { toldTo } from '../sweep.js'
import { dependencies, eventBody, postedEvent, triggerEventList, triggerEventQuery } from './schema.js'

const tag = 'Schedules'

export const eventRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/events',
    tag,
    summary: 'Something has happened: starts the jobs whose EVENT schedule waits for it. The same id counts once.',
    audit: { operation: 'POST_EVENT', resource: 'EVENT' },
    idempotent: true,
    body: eventBody,
    status: 202,
    response: postedEvent,
    handle: async ({ body }, deps) => {
      const { id, type, payload } = body
      const time = body.time === undefined ? new Date(deps.now()) : new Date(body.time)
      // Durable first: what it starts is found again by the sweeper, whatever happens now.
      const isNew = await deps.triggers.recordEvent({ id, type, time, payload })
      await deps.starter.startTriggered(await deps.triggers.startByEvent(id, deps.matches, toldTo(deps.log)))
      const fact = (await deps.triggers.event(id))!
      const { eventId, type: known, time: at } = fact
      return {
        body: { eventId, type: known, time: at, isNew, executions: await startedBy(fact, deps) },
        resourceId: eventId,
      }
    },
  }),
  route({
    method: 'get',
    path: '/events',
    tag,
    summary: 'Events and ends of executions, newest first, each with what jobs have made of it.',
    query: triggerEventQuery,
    status: 200,
    response: triggerEventList,
    handle: async ({ query }, deps) => {
      const { type, jobId } = query
      const { items, nextCursor } = await deps.triggers.list({ ...pageRequest(query), type, jobId })
      return { body: { items: items.map((one) => ({ ...one, claims: [...one.claims] })), nextCursor } }
    },
  }),
  route({
    method: 'get',
    path: '/jobs/{jobId}/dependencies',
    tag,
    summary: 'What a job waits for, which ends of it are there already, and which jobs wait for it.',
    params: jobParams,
    query: noQuery,
    status: 200,
    response: dependencies,
    handle: async ({ params }, deps) => ({ body: (await deps.triggers.dependencies(params.jobId)) as never }),
  }),
]

async function startedBy({ claims }: FactRecord, deps: ApiDeps) {
  return await Promise.all(
    claims.map(async (claim) => {
      const status = claim.executionId === null ? null : (await deps.executions.get(claim.executionId)).status
      return { ...claim, status }
    }),
  )
}
