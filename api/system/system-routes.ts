/** Settings, workers, published schemas and this API's own description. */
import { JobError } from '../../core/errors/job-error.js'
import { MASK } from '../../core/security/secret-fields.js'
import { nearestHint } from '../../core/spec/nearest.js'
import { documentJsonSchema, documentSchemas, jobJsonSchema } from '../../core/spec/schema.js'
import { isEncryptedSetting } from '../../models/schema/known-settings.js'
import type { SettingRecord } from '../../models/stores/config-store.js'
import { pageRequest } from '../http/page.js'
import { callerOf, type Route, route } from '../http/route.js'
import { noQuery, versionQuery } from '../http/schema.js'
import {
  anyDocument,
  schemaParams,
  setting,
  settingBody,
  settingList,
  settingParams,
  settingQuery,
  workerList,
  workerQuery,
} from './schema.js'

const shared = { tag: 'System' } as const

export const systemRoutes: readonly Route[] = [
  route({
    ...shared,
    method: 'get',
    path: '/system-configs',
    summary: 'System settings.',
    query: settingQuery,
    status: 200,
    response: settingList,
    handle: async ({ query }, deps) => ({
      body: { items: (await deps.configs.list(query.group)).map(shownSetting), nextCursor: null },
    }),
  }),
  route({
    ...shared,
    method: 'get',
    path: '/system-configs/{key}',
    summary: 'One system setting.',
    params: settingParams,
    query: noQuery,
    status: 200,
    response: setting,
    handle: async ({ params }, deps) => {
      const found = await deps.configs.find(params.key)
      return { body: shownSetting(found), headers: { ETag: `"${found.version}"` } }
    },
  }),
  route({
    ...shared,
    method: 'put',
    path: '/system-configs/{key}',
    summary: 'Changes a system setting.',
    audit: { operation: 'UPDATE_CONFIG', resource: 'CONFIG' },
    auditBody: (body, _deps, { key }) => (isEncryptedSetting(key ?? '') ? { ...(body as object), value: MASK } : body),
    versioned: true,
    params: settingParams,
    query: versionQuery,
    body: settingBody,
    status: 200,
    response: setting,
    handle: async (call, deps) => {
      const value = call.body.value === null ? null : String(call.body.value)
      const { userId } = callerOf(call)
      return { body: shownSetting(await deps.configs.update(call.params.key, value, call.version, userId)) }
    },
  }),
  route({
    ...shared,
    method: 'get',
    path: '/workers',
    summary: 'Worker processes of the last day, newest first.',
    query: workerQuery,
    status: 200,
    response: workerList,
    handle: async ({ query }, deps) => {
      const { items, nextCursor } = await deps.workers.list(pageRequest(query))
      return { body: { items: items.map((one) => ({ ...one, taskQueues: [...one.taskQueues] })), nextCursor } }
    },
  }),
  route({
    ...shared,
    method: 'get',
    path: '/schemas/{name}',
    summary: 'JSON Schema of a kind of definition, for editors.',
    params: schemaParams,
    query: noQuery,
    status: 200,
    response: anyDocument,
    handle: async ({ params }) => ({ body: publishedSchema(params.name) }),
  }),
  route({
    ...shared,
    method: 'get',
    path: '/openapi.json',
    summary: 'This API as OpenAPI 3.1.',
    query: noQuery,
    status: 200,
    response: anyDocument,
    handle: async (_call, deps) => ({ body: deps.describe() }),
  }),
]

const shownSetting = (record: SettingRecord) => ({ ...record, oneOf: record.oneOf === null ? null : [...record.oneOf] })

export function publishedSchema(name: string): Record<string, unknown> {
  if (name === 'job') return jobJsonSchema()
  if (Object.hasOwn(documentSchemas, name)) return documentJsonSchema(name as keyof typeof documentSchemas)
  const known = Object.keys(documentSchemas)
  throw new JobError('not.found', `There is no schema ${name}`, {
    hint: nearestHint(name, known) ?? `Known: ${known.join(', ')}.`,
  })
}
