/** Alerts that were raised. */
import type { AlertFilter } from '../../models/stores/alert-store.js'
import { pageRequest } from '../http/page.js'
import { callerOf, type Route, route } from '../http/route.js'
import { noQuery } from '../http/schema.js'
import { alert, alertList, alertParams, alertQuery } from './schema.js'

const tag = 'Alerts'
const audit = (operation: string) => ({ operation, resource: 'ALERT' })

export const alertRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/alerts',
    tag,
    summary: 'Alerts that were raised, newest first.',
    query: alertQuery,
    status: 200,
    response: alertList,
    handle: async ({ query }, deps) => {
      const { items, nextCursor } = await deps.alerts.list(pageRequest(query) as AlertFilter)
      return { body: { items: [...items], nextCursor } }
    },
  }),
  route({
    method: 'get',
    path: '/alerts/{alertId}',
    tag,
    summary: 'One alert.',
    params: alertParams,
    query: noQuery,
    status: 200,
    response: alert,
    handle: async ({ params }, deps) => ({ body: await deps.alerts.find(params.alertId) }),
  }),
  route({
    method: 'post',
    path: '/alerts/{alertId}/acknowledge',
    tag,
    summary: 'Somebody sees to it: it goes on firing, and is not told again.',
    audit: audit('ACKNOWLEDGE_ALERT'),
    params: alertParams,
    status: 200,
    response: alert,
    handle: async (call, deps) => ({
      body: await deps.alerts.acknowledge(call.params.alertId, callerOf(call).userId),
    }),
  }),
  route({
    method: 'post',
    path: '/alerts/{alertId}/resolve',
    tag,
    summary: 'It is over. What holds still is raised anew within a minute: acknowledge or silence that.',
    audit: audit('RESOLVE_ALERT'),
    params: alertParams,
    status: 200,
    response: alert,
    handle: async (call, deps) => ({ body: await deps.alerts.resolve(call.params.alertId, callerOf(call).userId) }),
  }),
]
