/** What jobs can be built from: connectors and operators, each with the JSON Schema of its config. */

import type { Connector } from '../../connectors/spi.js'
import { jsonSchemaOf } from '../../core/config/schema.js'
import { JobError } from '../../core/errors/job-error.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { StoredConnector } from '../../models/stores/connector-store.js'
import type { Operator } from '../../operators/operator.js'
import type { ApiDeps } from '../deps.js'
import { type Route, route } from '../http/route.js'
import { noQuery } from '../http/schema.js'
import { connector, connectorList, connectorParams, operator, operatorList, operatorParams } from './schema.js'

const shared = { method: 'get', tag: 'Connectors', query: noQuery, status: 200 } as const

export const connectorRoutes: readonly Route[] = [
  route({
    ...shared,
    path: '/connectors',
    summary: 'All connectors.',
    response: connectorList,
    handle: async (_call, deps) => ({
      body: { items: (await deps.connectors.list()).map(summaryOf), nextCursor: null },
    }),
  }),
  route({
    ...shared,
    path: '/connectors/{name}',
    summary: 'One connector, with the JSON Schemas of its connection, source and sink.',
    params: connectorParams,
    response: connector,
    handle: async ({ params }, deps) => {
      const found = await deps.connectors.lookUp(params.name)
      if (found === null) throw noConnector(params.name, await namesOf(deps))
      return { body: describeStored(found), headers: { ETag: `"${found.version}"` } }
    },
  }),
  route({
    ...shared,
    path: '/operators',
    summary: 'All operators, with the JSON Schemas of their configs.',
    response: operatorList,
    handle: async (_call, deps) => ({ body: { items: deps.parts.operators.map(describeOperator), nextCursor: null } }),
  }),
  route({
    ...shared,
    path: '/operators/{type}',
    summary: 'One operator.',
    params: operatorParams,
    response: operator,
    handle: async ({ params }, deps) => {
      const found = deps.parts.operators.find((one) => one.type === params.type)
      if (found !== undefined) return { body: describeOperator(found) }
      const hint = nearestHint(
        params.type,
        deps.parts.operators.map((one) => one.type),
      )
      throw new JobError('not.found', `There is no operator ${params.type}`, hint === null ? {} : { hint })
    },
  }),
]

/** A custom one is loaded for it. Throws `connector.unavailable`. */
export async function findConnector(name: string, deps: ApiDeps): Promise<Connector> {
  await deps.parts.needConnectors?.([name])
  const found = deps.parts.connectors.find((one) => one.name === name)
  if (found !== undefined) return found
  throw noConnector(name, await namesOf(deps))
}

function noConnector(name: string, known: readonly string[]): JobError {
  const hint = nearestHint(name, known)
  return new JobError('not.found', `There is no connector ${name}`, hint === null ? {} : { hint })
}

async function namesOf(deps: ApiDeps): Promise<string[]> {
  return (await deps.connectors.list()).map((one) => one.name)
}

/** JSON Schemas by side, as the catalogue keeps them. */
export function schemasOf({ connection, source, sink }: Connector) {
  return {
    connection: connection === undefined ? null : jsonSchemaOf(connection.config),
    source: source === undefined ? null : jsonSchemaOf(source.config),
    sink: sink === undefined ? null : jsonSchemaOf(sink.config),
    guarantees: { source: source?.guarantees ?? null, sink: sink?.guarantees ?? null },
  }
}

export function describeStored(stored: StoredConnector) {
  const { connection, source, sink, guarantees } = stored.configSchema as ReturnType<typeof schemasOf>
  const { connection: _has, ...summary } = summaryOf(stored)
  return {
    ...summary,
    connection,
    source: source === null ? null : { guarantees: { ...guarantees.source }, config: source },
    sink: sink === null ? null : { guarantees: { ...guarantees.sink }, config: sink },
  }
}

export function describeOperator({ type, summary, modes, ports, config }: Operator) {
  return {
    type,
    summary,
    modes: [...modes],
    ports: ports === 'MANY' ? ['*'] : ports.map((port) => port.name),
    config: jsonSchemaOf(config),
  }
}

function summaryOf({ name, type, description, supportsSource, supportsSink, configSchema, ...more }: StoredConnector) {
  return {
    name,
    type,
    summary: description ?? '',
    class: more.class,
    connectorVersion: more.connectorVersion,
    source: supportsSource,
    sink: supportsSink,
    connection: (configSchema.connection ?? null) !== null,
    isBuiltin: more.isBuiltin,
    isEnabled: more.isEnabled,
    version: more.version,
  }
}
