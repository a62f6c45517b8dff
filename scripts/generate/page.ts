/** Markdown of the reference pages: a table of the fields that a JSON Schema describes. */
export type JsonSchema = Readonly<Record<string, unknown>>

export function page(title: string, ...parts: readonly string[]): string {
  return `${[`# ${title}`, '<!-- Made by `npm run generate`; change the sources instead. -->', ...parts].join('\n\n')}\n`
}

export const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n')

export function fields(schema: JsonSchema): string {
  const rows = rowsOf(schema, '')
  return rows.length === 0 ? 'No settings.' : table(['setting', 'type', 'default', 'meaning'], rows)
}

export const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`

/** Objects within objects are spelled with a dot, items of a list with `[]`, variants one after the other. */
function rowsOf(schema: JsonSchema, prefix: string): string[][] {
  const required = new Set((schema.required ?? []) as readonly string[])
  const own = Object.entries((schema.properties ?? {}) as Record<string, JsonSchema>).flatMap(([name, field]) => {
    const path = `${prefix}${name}`
    const must = required.has(name) && field.default === undefined
    const row = [
      `\`${path}\``,
      typeOf(field),
      must ? 'required' : valueText(field.default),
      String(field.description ?? ''),
    ]
    return [row, ...nested(field, path)]
  })
  return [...own, ...variants(schema).flatMap((variant) => rowsOf(variant, prefix))]
}

function nested(field: JsonSchema, path: string): string[][] {
  if (field.type === 'array' && field.items !== undefined) return rowsOf(field.items as JsonSchema, `${path}[].`)
  if (typeof field.additionalProperties === 'object')
    return rowsOf(field.additionalProperties as JsonSchema, `${path}.<name>.`)
  return rowsOf(field, `${path}.`)
}

const variants = (schema: JsonSchema): readonly JsonSchema[] =>
  ((schema.oneOf ?? schema.anyOf ?? []) as readonly JsonSchema[]).flatMap((each) =>
    each.properties ? [each] : variants(each),
  )

function typeOf(field: JsonSchema): string {
  if (field.const !== undefined) return valueText(field.const)
  if (Array.isArray(field.enum)) return field.enum.map(valueText).join(', ')
  if (field.sql !== undefined) return 'SQL'
  if (field.secret === true) return 'secret'
  if (field.type === 'array') return `list of ${typeOf((field.items ?? {}) as JsonSchema)}`
  const choices = (field.oneOf ?? field.anyOf) as readonly JsonSchema[] | undefined
  if (choices !== undefined) return [...new Set(choices.map(typeOf))].join(' or ')
  return String(field.type ?? 'any')
}

const valueText = (value: unknown): string =>
  value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ')
