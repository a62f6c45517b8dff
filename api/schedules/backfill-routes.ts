/** Backfills: the past of a schedule filled, beside what runs in its turn. */

import { cancelIfStill } from '../executions/accepted.js'
import { pageRequest } from '../http/page.js'
import { type Call, callerOf, type Route, route } from '../http/route.js'
import { noBody, noQuery } from '../http/schema.js'
import {
  backfill,
  backfillBody,
  backfilled,
  backfillList,
  backfillParams,
  cancelledBackfill,
  pageQuery,
  scheduleParams,
} from './schema.js'

const tag = 'Schedules'
const audit = (operation: string) => ({ operation, resource: 'BACKFILL' })
const byOf = (call: Call) => callerOf(call).userId

export const backfillRoutes: readonly Route[] = [
  route({
    method: 'post',
    path: '/schedules/{scheduleId}/backfill',
    tag,
    summary:
      'Starts an execution for each time of a range that has passed; lower in priority than what runs in its turn.',
    audit: audit('CREATE_BACKFILL'),
    idempotent: true,
    params: scheduleParams,
    body: backfillBody,
    status: 202,
    orStatus: 200,
    response: backfilled,
    handle: async (call, deps) => {
      const { from, to, maxConcurrentRuns, reprocess, dryRun } = call.body
      const wanted = {
        scheduleId: call.params.scheduleId,
        backfillId: call.newId,
        from: new Date(from),
        to: new Date(to),
        maxConcurrentRuns,
        reprocess,
        createdBy: byOf(call),
      }
      if (dryRun)
        return { body: { backfill: null, times: [...(await deps.schedules.planBackfill(wanted))] }, status: 200 }
      const made = await deps.schedules.createBackfill(wanted)
      return { body: { backfill: made, times: [] }, resourceId: made.backfillId }
    },
  }),
  route({
    method: 'get',
    path: '/schedules/{scheduleId}/backfills',
    tag,
    summary: 'Backfills of a schedule, newest first.',
    params: scheduleParams,
    query: pageQuery,
    status: 200,
    response: backfillList,
    handle: async ({ params, query }, deps) => {
      const { items, nextCursor } = await deps.schedules.backfills(params.scheduleId, pageRequest(query))
      return { body: { items: [...items], nextCursor } }
    },
  }),
  route({
    method: 'get',
    path: '/backfills/{backfillId}',
    tag,
    summary: 'How far a backfill has come.',
    params: backfillParams,
    query: noQuery,
    status: 200,
    response: backfill,
    handle: async ({ params }, deps) => ({ body: await deps.schedules.backfill(params.backfillId) }),
  }),
  route({
    method: 'post',
    path: '/backfills/{backfillId}/pause',
    tag,
    summary: 'Starts no more of it until it goes on; what runs goes on to its end.',
    audit: audit('PAUSE_BACKFILL'),
    params: backfillParams,
    body: noBody,
    status: 200,
    response: backfill,
    handle: async ({ params }, deps) => ({ body: await deps.schedules.holdBackfill(params.backfillId, true) }),
  }),
  route({
    method: 'post',
    path: '/backfills/{backfillId}/resume',
    tag,
    summary: 'It goes on where it was paused.',
    audit: audit('RESUME_BACKFILL'),
    params: backfillParams,
    body: noBody,
    status: 200,
    response: backfill,
    handle: async ({ params }, deps) => ({ body: await deps.schedules.holdBackfill(params.backfillId, false) }),
  }),
  route({
    method: 'post',
    path: '/backfills/{backfillId}/cancel',
    tag,
    summary: 'Starts no more of it, and cancels what runs.',
    audit: audit('CANCEL_BACKFILL'),
    params: backfillParams,
    body: noBody,
    status: 202,
    response: cancelledBackfill,
    handle: async (call, deps) => {
      const { backfillId } = call.params
      const { jobId } = await deps.schedules.backfill(backfillId)
      const cancelled = await deps.schedules.cancelBackfill(backfillId)
      for (const executionId of cancelled) await cancelIfStill(jobId, executionId, callerOf(call), deps)
      return { body: { backfillId, cancelled: [...cancelled] } }
    },
  }),
]
