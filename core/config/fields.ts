import type { ConfigSchema, SqlKind } from './schema.js'

/** Walks a config schema beside a raw value: which schemas may a field have, and what do they say of it. */
export interface FieldFacts {
  readonly sql: SqlKind | null
  readonly secret: boolean
  /** Text is a valid value here; where it is not, a number or a flag is expected. */
  readonly text: boolean
}

/** What zod tells of a schema, as far as the walk needs it. */
interface Definition {
  readonly type: string
  readonly shape?: Readonly<Record<string, ConfigSchema>>
  readonly catchall?: ConfigSchema
  readonly innerType?: ConfigSchema
  readonly in?: ConfigSchema
  readonly getter?: () => ConfigSchema
  readonly options?: readonly ConfigSchema[]
  readonly left?: ConfigSchema
  readonly right?: ConfigSchema
  readonly valueType?: ConfigSchema
  readonly element?: ConfigSchema
  readonly items?: readonly ConfigSchema[]
  readonly values?: readonly unknown[]
}

/** The schemas that a field may have: several where a union leaves it open. A number is a place in a list. */
export function fieldSchemas(schemas: readonly ConfigSchema[], key: string | number): ConfigSchema[] {
  return schemas.flatMap(unwrap).flatMap((schema) => {
    const { shape, catchall, items, element, valueType } = definitionOf(schema)
    if (typeof key === 'number') return items?.[key] ?? element ?? []
    if (shape !== undefined) return shapeField(shape, catchall, key)
    return valueType ?? []
  })
}

/** Of the objects that a union offers, those whose fixed words (`type: SESSION`) are the value's own; all, if none are. */
export function matching(schemas: readonly ConfigSchema[], value: Readonly<Record<string, unknown>>): ConfigSchema[] {
  const offered = schemas.flatMap(unwrap)
  const fitting = offered.filter((schema) =>
    Object.entries(definitionOf(schema).shape ?? {}).every(([key, field]) => {
      const { type, values } = definitionOf(field)
      return type !== 'literal' || values?.includes(value[key]) !== false
    }),
  )
  return fitting.length > 0 ? fitting : offered
}

/** Fields by name, and what the schema says of all others; `never` says that there are none. */
function shapeField(
  shape: Readonly<Record<string, ConfigSchema>>,
  catchall: ConfigSchema | undefined,
  key: string,
): ConfigSchema[] {
  if (Object.hasOwn(shape, key)) return [shape[key]!]
  return catchall === undefined || definitionOf(catchall).type === 'never' ? [] : [catchall]
}

export function fieldFacts(schemas: readonly ConfigSchema[]): FieldFacts {
  const leaves = schemas.flatMap(unwrap)
  const meta = [...schemas, ...leaves].map((schema) => schema.meta())
  return {
    sql: meta.find((facts) => facts?.sql !== undefined)?.sql ?? null,
    secret: meta.some((facts) => facts?.secret === true),
    text: leaves.length === 0 || leaves.some((schema) => TEXT_TYPES.has(definitionOf(schema).type)),
  }
}

/** Names of the fields that an object may have here. */
export function knownKeys(schemas: readonly ConfigSchema[]): string[] {
  const keys = schemas.flatMap(unwrap).flatMap((schema) => Object.keys(definitionOf(schema).shape ?? {}))
  return [...new Set(keys)]
}

export function hasField(schema: ConfigSchema, key: string): boolean {
  return knownKeys([schema]).includes(key)
}

const TEXT_TYPES = new Set(['string', 'enum', 'literal', 'any', 'unknown', 'template_literal', 'custom'])

function unwrap(schema: ConfigSchema): ConfigSchema[] {
  const definition = definitionOf(schema)
  if (definition.innerType !== undefined) return unwrap(definition.innerType)
  if (definition.in !== undefined) return unwrap(definition.in)
  if (definition.getter !== undefined) return unwrap(definition.getter())
  if (definition.left !== undefined) return [definition.left, definition.right!].flatMap(unwrap)
  if (definition.options !== undefined) return definition.options.flatMap(unwrap)
  return [schema]
}

function definitionOf(schema: ConfigSchema): Definition {
  return (schema as unknown as { readonly def: Definition }).def
}
