/** Which settings of a node are secret: JSON Schemas of connectors, their inline connections included, and operators. */
import { type ConfigSchema, jsonSchemaOf } from '../../core/config/schema.js'
import type { SchemaNode } from '../../core/security/secret-fields.js'
import type { ConfigSchemas } from '../../core/security/spec-secrets.js'
import type { EngineParts } from '../../engine/engine.js'

export function configSchemasOf({
  connectors,
  operators,
}: Pick<EngineParts, 'connectors' | 'operators'>): ConfigSchemas {
  const ofConnectors = connectors.map(({ name, connection, source, sink }) => {
    const configs = [source?.config, sink?.config].filter((config) => config !== undefined).map(schemaOf)
    const inline = connection === undefined ? [] : [{ properties: { connection: schemaOf(connection.config) } }]
    return [name, { anyOf: [...configs, ...inline] }] as const
  })
  const ofOperators = operators.map(({ type, config }) => [type, schemaOf(config)] as const)
  const known = new Map<string, SchemaNode>([...ofConnectors, ...ofOperators])
  return (kind) => known.get(kind) ?? null
}

function schemaOf(config: unknown): SchemaNode {
  return jsonSchemaOf(config as ConfigSchema) as SchemaNode
}
