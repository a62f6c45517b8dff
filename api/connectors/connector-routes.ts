/** What jobs can be built from: connectors and operators, each with the JSON Schema of its config. */

import type { Connector } from '../../connectors/spi.js'
import { jsonSchemaOf } from '../../core/config/schema.js'
import { JobError } from '../../core/errors/job-error.js'
import { nearestHint } from '../../core/spec/nearest.js'
import type { Operator } from '../../operators/operator.js'
import { type Route, route } from '../http/route.js'
import { noQuery } from '../http/schema.js'
import { connector, connectorList, connectorParams, operator, operatorList, operatorParams } from './schema.js'

const shared = { method: 'get', tag: 'Connectors', access: 'USER', query: noQuery, status: 200 } as const

export const connectorRoutes: readonly Route[] = [
  route({
    ...shared,
    path: '/connectors',
    summary: 'All connectors.',
    response: connectorList,
    handle: async (_call, deps) => ({ body: { items: deps.parts.connectors.map(summaryOf), nextCursor: null } }),
  }),
  route({
    ...shared,
    path: '/connectors/{name}',
    summary: 'One connector, with the JSON Schemas of its connection, source and sink.',
    params: connectorParams,
    response: connector,
    handle: async ({ params }, deps) => ({
      body: describeConnector(findConnector(deps.parts.connectors, params.name)),
    }),
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

export function findConnector(connectors: readonly Connector[], name: string): Connector {
  const found = connectors.find((one) => one.name === name)
  if (found !== undefined) return found
  const hint = nearestHint(
    name,
    connectors.map((one) => one.name),
  )
  throw new JobError('not.found', `There is no connector ${name}`, hint === null ? {} : { hint })
}

export function describeConnector({ name, summary, connection, source, sink }: Connector) {
  const side = (kind: typeof source | typeof sink) =>
    kind === undefined ? null : { guarantees: { ...kind.guarantees }, config: jsonSchemaOf(kind.config) }
  return {
    name,
    summary,
    connection: connection === undefined ? null : jsonSchemaOf(connection.config),
    source: side(source),
    sink: side(sink),
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

function summaryOf({ name, summary, source, sink, connection }: Connector) {
  return { name, summary, source: source !== undefined, sink: sink !== undefined, connection: connection !== undefined }
}
