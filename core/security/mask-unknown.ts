/** For the audit of what was refused: a field that is misspelt may hold a secret, and so may a value in the place of another. */
import { alternatives, isNode, MASK, type SchemaNode } from './secret-fields.js'

/** What the schema does not know is masked; where it takes anything, nothing is. */
export function maskUnknown(value: unknown, schema: SchemaNode | null): unknown {
  return schema === null ? value : masked(value, [schema])
}

function masked(value: unknown, schemas: readonly SchemaNode[]): unknown {
  const nodes = schemas.flatMap(alternatives)
  if (nodes.some(takesAnything)) return value
  if (Array.isArray(value)) {
    const items = nodes.map((node) => node.items).filter(isNode)
    return items.length === 0 ? MASK : value.map((item) => masked(item, items))
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => {
      const below = nodes.map((node) => own(node.properties, key) ?? node.additionalProperties).filter(isNode)
      return [key, below.length === 0 ? MASK : masked(item, below)]
    })
    return Object.fromEntries(entries)
  }
  // A text where an object belongs.
  return nodes.every(({ type }) => type === 'object' || type === undefined) &&
    nodes.some(({ type }) => type === 'object')
    ? MASK
    : value
}

const takesAnything = (node: SchemaNode) =>
  [
    node.type,
    node.required,
    node.properties,
    node.items,
    node.anyOf,
    node.oneOf,
    node.allOf,
    node.enum,
    node.const,
  ].every((said) => said === undefined)

const own = (properties: SchemaNode['properties'], key: string) =>
  properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined
