/** Which settings of a node are secret: JSON Schemas of connectors, their inline connections included, and operators. */
import type { Connector } from '../../connectors/spi.js'
import { type ConfigSchema, jsonSchemaOf } from '../../core/config/schema.js'
import { EVERYTHING_SECRET, type SchemaNode } from '../../core/security/secret-fields.js'
import type { ConfigSchemas } from '../../core/security/spec-secrets.js'
import type { EngineParts } from '../../engine/engine.js'

/** `connectors` grows as custom ones are loaded. Of one that is not known here, everything may be secret. */
export function configSchemasOf({
  connectors,
  operators,
}: Pick<EngineParts, 'connectors' | 'operators'>): ConfigSchemas {
  const ofOperators = new Map(operators.map(({ type, config }) => [type, schemaOf(config)]))
  const ofConnectors = new WeakMap<Connector, SchemaNode>()
  return (kind) => {
    const operator = ofOperators.get(kind)
    if (operator !== undefined) return operator
    const connector = connectors.find(({ name }) => name === kind)
    if (connector === undefined) return EVERYTHING_SECRET
    const schema = ofConnectors.get(connector) ?? connectorSchema(connector)
    ofConnectors.set(connector, schema)
    return schema
  }
}

function connectorSchema({ connection, source, sink }: Connector): SchemaNode {
  const configs = [source?.config, sink?.config].filter((config) => config !== undefined).map(schemaOf)
  const inline = connection === undefined ? [] : [{ properties: { connection: schemaOf(connection.config) } }]
  return { anyOf: [...configs, ...inline] }
}

function schemaOf(config: unknown): SchemaNode {
  return jsonSchemaOf(config as ConfigSchema) as SchemaNode
}
