/** Keeping house at once, and what it did. */
import type { MaintenanceRun } from '../../models/stores/maintenance-store.js'
import { pageRequest } from '../http/page.js'
import { callerOf, type Route, route } from '../http/route.js'
import { noQuery } from '../http/schema.js'
import { run, runBody, runList, runParams, runQuery } from './schema.js'

const shared = { tag: 'System' } as const

export const maintenanceRoutes: readonly Route[] = [
  route({
    ...shared,
    method: 'post',
    path: '/maintenance/run',
    summary: 'Keeps the house at once; a worker does it, and the run says what was done. 409 while another is at work.',
    audit: { operation: 'RUN_MAINTENANCE', resource: 'MAINTENANCE' },
    idempotent: true,
    query: noQuery,
    body: runBody,
    status: 202,
    response: run,
    handle: async (call, deps) => {
      const { only, dryRun } = call.body
      const wish = { only: only ?? null, dryRun }
      const startedBy = callerOf(call).userId
      const runId = await deps.maintenance.begin({ ...wish, runId: call.newId, trigger: 'MANUAL', startedBy })
      try {
        await deps.startMaintenance({ ...wish, runId })
      } catch (error) {
        await deps.maintenance.giveUp(runId)
        throw error
      }
      const headers = { Location: `/api/v1/maintenance/runs/${runId}` }
      return { body: shown(await deps.maintenance.find(runId)), headers, resourceId: runId }
    },
  }),
  route({
    ...shared,
    method: 'get',
    path: '/maintenance/runs',
    summary: 'Runs of the maintenance, newest first.',
    query: runQuery,
    status: 200,
    response: runList,
    handle: async ({ query }, deps) => {
      const { items, nextCursor } = await deps.maintenance.list(pageRequest(query))
      return { body: { items: items.map(shown), nextCursor } }
    },
  }),
  route({
    ...shared,
    method: 'get',
    path: '/maintenance/runs/{runId}',
    summary: 'One run: what each task did, and how long it took.',
    params: runParams,
    query: noQuery,
    status: 200,
    response: run,
    handle: async ({ params }, deps) => ({ body: shown(await deps.maintenance.find(params.runId)) }),
  }),
]

function shown({ only, tasks, ...rest }: MaintenanceRun) {
  return {
    ...rest,
    only: only === null ? null : [...only],
    tasks: tasks.map(({ done, warnings, ...task }) => ({
      ...task,
      done: done.map(({ what, count, names }) => ({
        what,
        count,
        ...(names === undefined ? {} : { names: [...names] }),
      })),
      warnings: [...warnings],
    })),
  }
}
