/** JSON Schemas of configs: `FILTER`, `file.source`, `jdbc.connection`. */
import { connectors } from '../../connectors/index.js'
import { type ConfigSchema, jsonSchemaOf } from '../../core/config/schema.js'
import { operators } from '../../operators/index.js'

export function configSchemaNamed(name: string): unknown {
  const schema = all().get(name) ?? all().get(name.toUpperCase())
  return schema === undefined ? null : jsonSchemaOf(schema)
}

export function configSchemaNames(): readonly string[] {
  return [...all().keys()]
}

function all(): ReadonlyMap<string, ConfigSchema> {
  const ofConnectors = connectors.flatMap(({ name, connection, source, sink }) => {
    const sides = { connection, source, sink }
    return Object.entries(sides).flatMap(([side, kind]) =>
      kind === undefined ? [] : [[`${name}.${side}`, kind.config as ConfigSchema] as const],
    )
  })
  return new Map([...operators.map((one) => [one.type, one.config] as const), ...ofConnectors])
}
