/** Times in which alerts notify nobody. */
import type { SilenceDefinition } from '../../models/stores/alert-silence-store.js'
import type { ApiDeps } from '../deps.js'
import { pageRequest } from '../http/page.js'
import { callerOf, type Route, route } from '../http/route.js'
import { noQuery, versionQuery } from '../http/schema.js'
import { silence, silenceBody, silenceList, silenceParams, silenceQuery } from './schema.js'

const tag = 'Alerts'
const audit = (operation: string) => ({ operation, resource: 'SILENCE' })

export const silenceRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/silences',
    tag,
    summary: 'Silences, newest first.',
    query: silenceQuery,
    status: 200,
    response: silenceList,
    handle: async ({ query: { active, ...query } }, deps) => ({
      body: await deps.silences.list({ ...pageRequest(query), isActive: active === 'true' }),
    }),
  }),
  route({
    method: 'post',
    path: '/silences',
    tag,
    summary: 'Keeps a rule, a job, or both quiet for a while; what still fires is told after it.',
    audit: audit('CREATE_SILENCE'),
    body: silenceBody,
    status: 201,
    response: silence,
    handle: async (call, deps) => {
      const given = await definitionOf(call.body, deps)
      const created = await deps.silences.create(call.newId, given, callerOf(call).userId)
      return { body: created, resourceId: call.newId, headers: { Location: `/api/v1/silences/${call.newId}` } }
    },
  }),
  route({
    method: 'get',
    path: '/silences/{silenceId}',
    tag,
    summary: 'One silence.',
    params: silenceParams,
    query: noQuery,
    status: 200,
    response: silence,
    handle: async ({ params }, deps) => ({ body: await deps.silences.find(params.silenceId) }),
  }),
  route({
    method: 'put',
    path: '/silences/{silenceId}',
    tag,
    summary: 'Changes a silence.',
    audit: audit('UPDATE_SILENCE'),
    versioned: true,
    params: silenceParams,
    query: versionQuery,
    body: silenceBody,
    status: 200,
    response: silence,
    handle: async (call, deps) => {
      const given = await definitionOf(call.body, deps)
      return { body: await deps.silences.update(call.params.silenceId, given, call.version) }
    },
  }),
  route({
    method: 'delete',
    path: '/silences/{silenceId}',
    tag,
    summary: 'Ends a silence.',
    audit: audit('DELETE_SILENCE'),
    params: silenceParams,
    query: versionQuery,
    status: 204,
    response: null,
    handle: async (call, deps) => {
      await deps.silences.remove(call.params.silenceId, call.version)
      return {}
    },
  }),
]

type SilenceBody = Omit<SilenceDefinition, 'startsAt'> & { readonly startsAt?: string | undefined }

/** A rule or a job that is not there would keep nothing quiet, and nobody would see why. */
async function definitionOf(body: SilenceBody, deps: ApiDeps): Promise<SilenceDefinition> {
  const { ruleId, jobId, reason, endsAt } = body
  if (ruleId !== null) await deps.alertRules.find(ruleId)
  if (jobId !== null) await deps.jobs.get(jobId)
  return { ruleId, jobId, reason, endsAt, startsAt: body.startsAt ?? new Date(deps.now()).toISOString() }
}
