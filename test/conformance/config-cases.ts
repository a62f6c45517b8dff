/** Every field that a config schema knows, each with configs in which only that field is wrong. */
import type { JsonSchema } from '../../scripts/generate/page.js'

export interface FieldCase {
  /** JSON pointer of the field. */
  readonly pointer: string
  readonly schema: JsonSchema
  /** A config whose only statement of its own is this value there. */
  readonly config: (value: unknown) => unknown
}

/** Objects within objects, items of lists, values of records and all variants of a union included. */
export function fieldCases(schema: JsonSchema): FieldCase[] {
  return below(schema, '', (value) => value)
}

function below(schema: JsonSchema, pointer: string, place: (value: unknown) => unknown): FieldCase[] {
  const variants = (schema.anyOf ?? schema.oneOf ?? schema.allOf ?? []) as readonly JsonSchema[]
  const own = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>).flatMap(([name, field]) => {
    const at = `${pointer}/${name}`
    const config = (value: unknown) => place({ ...fixed(schema, name), [name]: value })
    return [{ pointer: at, schema: field, config }, ...below(field, at, config)]
  })
  const item = schema.items as JsonSchema | undefined
  const inList = item === undefined ? [] : below(item, `${pointer}/0`, (value) => place([value]))
  return [...own, ...inList, ...variants.flatMap((variant) => below(variant, pointer, place))]
}

/** The words that say which variant is meant. */
function fixed(schema: JsonSchema, but: string): Record<string, unknown> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>)
  return Object.fromEntries(
    properties.flatMap(([name, { const: word }]) => (word === undefined || name === but ? [] : [[name, word]])),
  )
}
