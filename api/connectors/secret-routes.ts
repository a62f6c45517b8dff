/** Secrets for `${secret:NAME}`: set and removed here, read by nobody. */
import { MASK } from '../../core/security/secret-fields.js'
import { pageRequest } from '../http/page.js'
import { callerOf, type Route, route } from '../http/route.js'
import { rotatedKeys, secretBody, secretList, secretParams, secretQuery, secretRecord } from './schema.js'

const shared = { tag: 'Secrets' } as const
const audit = (operation: string) => ({ operation, resource: 'SECRET' })

export const secretRoutes: readonly Route[] = [
  route({
    ...shared,
    method: 'get',
    path: '/secrets',
    summary: 'The names of all secrets, never their values.',
    query: secretQuery,
    status: 200,
    response: secretList,
    handle: async ({ query }, deps) => ({ body: await deps.secrets.list(pageRequest(query)) }),
  }),
  route({
    ...shared,
    method: 'put',
    path: '/secrets/{name}',
    summary: 'Sets a secret.',
    audit: audit('SET_SECRET'),
    auditBody: (body) => ({ ...(body as object), value: MASK }),
    params: secretParams,
    body: secretBody,
    status: 200,
    orStatus: 201,
    response: secretRecord,
    handle: async (call, deps) => {
      const by = callerOf(call).userId
      const { record, isNew } = await deps.secrets.set({ name: call.params.name, ...call.body, by })
      return { body: record, status: isNew ? 201 : 200 }
    },
  }),
  route({
    ...shared,
    method: 'delete',
    path: '/secrets/{name}',
    summary: 'Removes a secret.',
    audit: audit('DELETE_SECRET'),
    params: secretParams,
    status: 204,
    response: null,
    handle: async ({ params }, deps) => {
      await deps.secrets.remove(params.name)
      return {}
    },
  }),
  route({
    ...shared,
    method: 'post',
    path: '/keys/rotate',
    summary: 'Encrypts everything again with the first key of ETL_SECRET_KEY, so that the others may go.',
    audit: { operation: 'ROTATE_KEYS', resource: 'SECRET' },
    status: 200,
    response: rotatedKeys,
    handle: async (_call, deps) => {
      const { unreadable, ...done } = await deps.rotateKeys()
      return { body: { ...done, unreadable: [...unreadable] } }
    },
  }),
]
