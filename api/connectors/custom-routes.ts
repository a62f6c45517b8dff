/** Custom connectors: tried in a process of their own, then enabled for every job. */
import { JobError } from '../../core/errors/job-error.js'
import { type Route, route } from '../http/route.js'
import { describeStored } from './connector-routes.js'
import { connector, connectorParams, customChange, customConnector } from './schema.js'
import { tryModule } from './try-module.js'

const shared = { tag: 'Connectors' } as const
const audit = (operation: string) => ({ operation, resource: 'CONNECTOR' })

export const customRoutes: readonly Route[] = [
  route({
    ...shared,
    method: 'post',
    path: '/connectors',
    summary:
      'Registers a custom connector: `module#export` from ETL_CONNECTOR_PATH or an installed package. It is loaded in a process of its own first.',
    audit: audit('CREATE_CONNECTOR'),
    body: customConnector,
    status: 201,
    response: connector,
    handle: async ({ body }, deps) => {
      const tried = await tryModule(body.class, deps)
      const stored = await deps.connectors.create(tried, body.enabled)
      return {
        body: describeStored(stored),
        resourceId: stored.name,
        headers: { Location: `/api/v1/connectors/${stored.name}` },
      }
    },
  }),
  route({
    ...shared,
    method: 'put',
    path: '/connectors/{name}',
    summary: 'Enables or disables a custom connector, or moves it to another version; what is enabled is tried again.',
    audit: audit('UPDATE_CONNECTOR'),
    versioned: true,
    params: connectorParams,
    body: customChange,
    status: 200,
    response: connector,
    handle: async ({ params, body, version }, deps) => {
      const known = await deps.connectors.get(params.name)
      if (known.isBuiltin) throw new JobError('conflict', `The connector ${known.name} is part of this version`)
      const tried = body.enabled ? await tryModule(body.class ?? known.class, deps) : known
      if (tried.name !== known.name)
        throw new JobError('connector.unavailable', `${tried.class} calls itself ${tried.name}, not ${known.name}`, {
          pointer: '/class',
        })
      const stored = await deps.connectors.update(tried, body.enabled, version ?? known.version)
      return { body: describeStored(stored), headers: { ETag: `"${stored.version}"` } }
    },
  }),
  route({
    ...shared,
    method: 'delete',
    path: '/connectors/{name}',
    summary: 'Removes a custom connector that no job and no connection names.',
    audit: audit('DELETE_CONNECTOR'),
    params: connectorParams,
    status: 204,
    response: null,
    handle: async ({ params }, deps) => {
      await deps.connectors.remove(params.name)
      return {}
    },
  }),
]
