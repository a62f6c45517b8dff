/** The audit, for ADMIN: what people and the house did, and whether it is as it was written. */
import { pageRequest } from '../http/page.js'
import { type Route, route } from '../http/route.js'
import { operationList, operationQuery, verification, verificationQuery } from './schema.js'

const shared = { tag: 'System' } as const

export const auditRoutes: readonly Route[] = [
  route({
    ...shared,
    method: 'get',
    path: '/operation-logs',
    summary: 'The audit, newest first: every call that changed something or tried to, and every log-in.',
    query: operationQuery,
    status: 200,
    response: operationList,
    handle: async ({ query }, deps) => {
      const { items, nextCursor } = await deps.operationLog.list(pageRequest(query))
      return { body: { items: [...items], nextCursor } }
    },
  }),
  route({
    ...shared,
    method: 'get',
    path: '/operation-logs/verification',
    summary: 'Whether the audit is as it was written; the first entry that does not fit. Reads all of it.',
    query: verificationQuery,
    status: 200,
    response: verification,
    takesLong: true,
    handle: async ({ query: { sequence, hash } }, deps) => ({
      body: await deps.operationLog.verify(sequence === undefined || hash === undefined ? null : { sequence, hash }),
    }),
  }),
]
