/** `"a""b"`: an identifier that can hold anything. */
export const name = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`

export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** `table` or `schema.table`, quoted. */
export function asWritten(table: string): string {
  const dot = table.indexOf('.')
  return (dot === -1 ? [table] : [table.slice(0, dot), table.slice(dot + 1)]).map(name).join('.')
}
