/** Columns of a relation, in order. `type` is a DuckDB type as DuckDB writes it: BIGINT, DECIMAL(18,4), TIMESTAMP. */
export interface Column {
  readonly name: string
  readonly type: string
}

export type Schema = readonly Column[]

/** As DuckDB compares names of columns: case does not matter. */
export const sameName = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

/** A name that none of the columns has. */
export function unusedName(wanted: string, columns: readonly string[]): string {
  let name = wanted
  while (columns.some((column) => sameName(column, name))) name = `_${name}`
  return name
}
