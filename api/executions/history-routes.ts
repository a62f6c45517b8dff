/** What is known of an execution: timeline, operators, metrics, checkpoints. */

import { parseDuration } from '../../core/spec/duration.js'
import { pageRequest } from '../http/page.js'
import { type Route, route } from '../http/route.js'
import { noQuery } from '../http/schema.js'
import { streamEvents } from './event-stream.js'
import {
  checkpoint,
  checkpointList,
  checkpointParams,
  eventList,
  eventQuery,
  executionParams,
  metrics,
  metricsQuery,
  operatorList,
  pageOnly,
  stateList,
} from './schema.js'

const shared = { method: 'get', tag: 'Executions', status: 200 } as const

export const historyRoutes: readonly Route[] = [
  route({
    ...shared,
    path: '/executions/{executionId}/events',
    summary: 'The timeline, oldest first; with Accept: text/event-stream as it happens.',
    params: executionParams,
    query: eventQuery,
    response: eventList,
    takesLong: true,
    handle: async (call, deps) => {
      const { executionId } = call.params
      await deps.executions.get(executionId)
      if (call.raw.request.headers.accept?.includes('text/event-stream') === true) {
        await streamEvents(executionId, call.query.cursor, call.raw, deps)
        return { sent: true }
      }
      const { limit, cursor: after } = call.query
      const items = await deps.executions.events(executionId, { limit: limit + 1, after })
      const shown = items.slice(0, limit)
      const nextCursor = items.length > limit ? (shown.at(-1)?.sequence ?? null) : null
      return { body: { items: shown.map((one) => ({ ...one, code: one.code ?? null })) as never, nextCursor } }
    },
  }),
  route({
    ...shared,
    path: '/executions/{executionId}/operators',
    summary: 'Records through each operator, committed and running, and which of them is the slowest.',
    params: executionParams,
    query: noQuery,
    response: operatorList,
    handle: async ({ params }, deps) => {
      const { items, slowest } = await deps.executions.operators(params.executionId)
      return { body: { items: [...items] as never, slowest, nextCursor: null } }
    },
  }),
  route({
    ...shared,
    path: '/executions/{executionId}/metrics',
    summary: 'Metrics over time, of the job and of each operator: one point a step, none where there was nothing.',
    params: executionParams,
    query: metricsQuery,
    response: metrics,
    handle: async ({ params, query: { from, to, step } }, deps) => {
      const wanted = {
        from: from === undefined ? undefined : new Date(from),
        to: to === undefined ? undefined : new Date(to),
        stepMs: step === undefined ? undefined : (parseDuration(step) ?? undefined),
      }
      return { body: (await deps.executions.metrics(params.executionId, wanted)) as never }
    },
  }),
  route({
    ...shared,
    path: '/executions/{executionId}/checkpoints',
    summary: 'Checkpoints, newest first.',
    params: executionParams,
    query: pageOnly,
    response: checkpointList,
    handle: async ({ params, query }, deps) => {
      await deps.executions.get(params.executionId)
      return { body: (await deps.executions.checkpoints(params.executionId, pageRequest(query))) as never }
    },
  }),
  route({
    ...shared,
    path: '/checkpoints/{checkpointId}',
    summary: 'One checkpoint.',
    params: checkpointParams,
    query: noQuery,
    response: checkpoint,
    handle: async ({ params }, deps) => ({ body: (await deps.executions.checkpoint(params.checkpointId)) as never }),
  }),
  route({
    ...shared,
    path: '/checkpoints/{checkpointId}/states',
    summary: 'What each operator keeps in a checkpoint, and in which file.',
    params: checkpointParams,
    query: noQuery,
    response: stateList,
    handle: async ({ params }, deps) => {
      await deps.executions.checkpoint(params.checkpointId)
      return { body: { items: [...(await deps.executions.states(params.checkpointId))], nextCursor: null } }
    },
  }),
]
