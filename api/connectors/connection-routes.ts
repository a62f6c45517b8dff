/** Connections that jobs share: written in clear, shown masked, tried from here. */
import { fieldSchemas } from '../../core/config/fields.js'
import { checkConfig } from '../../core/config/problems.js'
import { type ConfigSchema, jsonSchemaOf } from '../../core/config/schema.js'
import { InvalidInput } from '../../core/errors/invalid-input.js'
import { JobError } from '../../core/errors/job-error.js'
import { maskUnknown } from '../../core/security/mask-unknown.js'
import { EVERYTHING_SECRET, redact, type SchemaNode } from '../../core/security/secret-fields.js'
import { pathOf, valueAt } from '../../core/spec/pointer.js'
import type { ConnectionDefinition } from '../../models/stores/connection-store.js'
import type { ApiDeps } from '../deps.js'
import { pageRequest } from '../http/page.js'
import { callerOf, type Route, route } from '../http/route.js'
import { noQuery, versionQuery } from '../http/schema.js'
import { findConnector } from './connector-routes.js'
import {
  connection,
  connectionBody,
  connectionList,
  connectionParams,
  connectionQuery,
  connectionTest,
  connectionUsage,
  discoveries,
} from './schema.js'
import { discover, testConnection } from './try-connection.js'

const shared = { tag: 'Connections' } as const
const audit = (operation: string) => ({ operation, resource: 'CONNECTION' })

export const connectionRoutes: readonly Route[] = [
  route({
    ...shared,
    method: 'get',
    path: '/connections',
    summary: 'Connections, newest first.',
    query: connectionQuery,
    status: 200,
    response: connectionList,
    handle: async ({ query }, deps) => ({ body: await deps.connections.list(pageRequest(query)) }),
  }),
  route({
    ...shared,
    method: 'post',
    path: '/connections',
    summary: 'Creates a connection; its secrets are encrypted.',
    audit: audit('CREATE_CONNECTION'),
    auditBody: maskedBody,
    body: connectionBody,
    status: 201,
    response: connection,
    handle: async (call, deps) => {
      const definition = await definitionOf(call.body, call.body.config, deps)
      const schema = await secretsOf(definition.connector, deps)
      const created = await deps.connections.create(call.newId, definition, schema, callerOf(call).userId)
      return { body: created, resourceId: call.newId, headers: { Location: `/api/v1/connections/${call.newId}` } }
    },
  }),
  route({
    ...shared,
    method: 'get',
    path: '/connections/{connectionId}',
    summary: 'One connection, secrets masked.',
    params: connectionParams,
    query: noQuery,
    status: 200,
    response: connection,
    handle: async ({ params }, deps) => {
      const found = await deps.connections.find(params.connectionId)
      return { body: found, headers: { ETag: `"${found.version}"` } }
    },
  }),
  route({
    ...shared,
    method: 'put',
    path: '/connections/{connectionId}',
    summary:
      'Changes a connection; a secret given as *** stays as it is stored, for the address it was given for. Name and connector stay while jobs name it.',
    audit: audit('UPDATE_CONNECTION'),
    versioned: true,
    auditBody: maskedBody,
    params: connectionParams,
    query: versionQuery,
    body: connectionBody,
    status: 200,
    response: connection,
    handle: async (call, deps) => {
      const { connectionId } = call.params
      const schema = await secretsOf(call.body.connector, deps)
      const config = await deps.connections.unmasked(connectionId, call.body.config, schema)
      const definition = await definitionOf(call.body, config, deps)
      const by = callerOf(call).userId
      return { body: await deps.connections.update(connectionId, definition, schema, call.version, by) }
    },
  }),
  route({
    ...shared,
    method: 'delete',
    path: '/connections/{connectionId}',
    summary: 'Removes a connection that no job names.',
    audit: audit('DELETE_CONNECTION'),
    params: connectionParams,
    query: versionQuery,
    status: 204,
    response: null,
    handle: async (call, deps) => {
      await deps.connections.remove(call.params.connectionId, call.version)
      return {}
    },
  }),
  route({
    ...shared,
    method: 'post',
    path: '/connections/{connectionId}/test',
    summary: 'Can it be reached, and is its user let in? What it finds is kept with the connection.',
    audit: audit('TEST_CONNECTION'),
    params: connectionParams,
    status: 200,
    response: connectionTest,
    handle: async ({ params }, deps) => ({ body: await testConnection(params.connectionId, deps) }),
  }),
  route({
    ...shared,
    method: 'post',
    path: '/connections/{connectionId}/discover',
    summary:
      'What sources can read through it and sinks write: tables, topics, with their columns where they are known.',
    audit: audit('DISCOVER_CONNECTION'),
    params: connectionParams,
    status: 200,
    response: discoveries,
    handle: async ({ params }, deps) => {
      const items = await discover(params.connectionId, deps)
      return { body: { items: items.map((one) => ({ ...one, columns: one.columns && [...one.columns] })) } }
    },
  }),
  route({
    ...shared,
    method: 'get',
    path: '/connections/{connectionId}/usage',
    summary: 'The jobs that name it, each with its nodes and the executions that have not ended.',
    params: connectionParams,
    query: noQuery,
    status: 200,
    response: connectionUsage,
    handle: async ({ params }, deps) => ({ body: { items: [...(await deps.connections.usage(params.connectionId))] } }),
  }),
]

/** Checked by the connector's own schema, and kept as it was written. */
async function definitionOf(
  body: Omit<ConnectionDefinition, 'config'>,
  config: ConnectionDefinition['config'],
  deps: ApiDeps,
): Promise<ConnectionDefinition> {
  const { name, connector, usage, description } = body
  const { connection: kind } = await findConnector(connector, deps)
  if (kind === undefined)
    throw new JobError('config.invalid', `The connector ${connector} has no connections`, { pointer: '/connector' })
  const checked = checkConfig(kind.config, config, { pointer: '/config', nodeId: null, code: 'config.invalid' })
  if (checked.ok) return { name, connector, usage, description, config }
  // What a reference stands for is known only to a worker: it is checked where it is used.
  const isReference = (path: readonly string[]) => {
    const value = valueAt(config, path)
    return typeof value === 'string' && value.includes('${') && isField(kind.config, path)
  }
  const problems = checked.problems.filter(({ pointer }) => !isReference(pathOf(pointer).slice(1)))
  if (problems.length === 0) return { name, connector, usage, description, config }
  throw new InvalidInput('config.invalid', `The config does not fit the connector ${connector}`, problems)
}

const isField = (schema: ConfigSchema, path: readonly string[]) =>
  path.reduce<readonly ConfigSchema[]>((at, key) => fieldSchemas(at, /^\d+$/.test(key) ? Number(key) : key), [schema])
    .length > 0

async function secretsOf(connector: string, deps: ApiDeps): Promise<SchemaNode | null> {
  const { connection: kind } = await findConnector(connector, deps)
  return kind === undefined ? null : (jsonSchemaOf(kind.config) as SchemaNode)
}

/** Of a connector that is not known here, everything may be secret. */
function maskedBody(body: unknown, deps: ApiDeps): unknown {
  const { connector, config } = body as { connector?: unknown; config?: unknown }
  const known = deps.parts.connectors.find((one) => one.name === connector)
  const schema = (
    known?.connection === undefined ? EVERYTHING_SECRET : jsonSchemaOf(known.connection.config)
  ) as SchemaNode
  const shown = maskUnknown(body, jsonSchemaOf(connectionBody) as SchemaNode) as object
  return { ...shown, ...(config !== undefined && { config: redact(maskUnknown(config, schema), schema) }) }
}
