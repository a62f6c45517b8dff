/** Texts with placeholders: `{{job}}`. A value is put in as it is and never read again, so none of it can become a placeholder. */
export const PLACEHOLDERS = [
  'title',
  'text',
  'rule',
  'type',
  'level',
  'state',
  'count',
  'alerts',
  'job',
  'message',
  'value',
  'threshold',
  'alertId',
  'executionId',
  'time',
  'notificationId',
] as const

export type Placeholder = (typeof PLACEHOLDERS)[number]
export type Values = Readonly<Record<Placeholder, string>>

const PLACEHOLDER = /\{\{\s*([A-Za-z]*)\s*\}\}/g

/** The first name that stands for nothing. */
export function unknownPlaceholder(template: unknown): string | null {
  if (typeof template === 'string') {
    for (const [, name = ''] of template.matchAll(PLACEHOLDER))
      if (!(PLACEHOLDERS as readonly string[]).includes(name)) return name
    return null
  }
  if (typeof template !== 'object' || template === null) return null
  for (const below of Object.values(template)) {
    const unknown = unknownPlaceholder(below)
    if (unknown !== null) return unknown
  }
  return null
}

export function fillText(template: string, values: Values): string {
  return template.replaceAll(PLACEHOLDER, (_whole, name: string) => values[name as Placeholder] ?? '')
}

/** A header of a mail: line ends would begin another one. */
export function fillLine(template: string, values: Values): string {
  return fillText(template, values)
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
}

/** Of JSON only the texts are filled: a value stays within its quotes, whatever it holds. */
export function fillJson(template: unknown, values: Values): unknown {
  if (typeof template === 'string') return fillText(template, values)
  if (Array.isArray(template)) return template.map((item) => fillJson(item, values))
  if (typeof template !== 'object' || template === null) return template
  return Object.fromEntries(Object.entries(template).map(([key, item]) => [key, fillJson(item, values)]))
}
