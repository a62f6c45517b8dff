/** Rebuilds a JSON value with each text in it replaced; `pointer` is its place. */
export function mapTexts(value: unknown, pointer: string, change: (text: string, pointer: string) => unknown): unknown {
  if (typeof value === 'string') return change(value, pointer)
  if (Array.isArray(value)) return value.map((item, index) => mapTexts(item, `${pointer}/${index}`, change))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([key, item]) => {
    return [key, mapTexts(item, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`, change)]
  })
  return Object.fromEntries(entries)
}
