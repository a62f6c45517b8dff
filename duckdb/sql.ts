/** How names and texts of anyone become part of a statement. */
/** `"a ""b"""`: an identifier that can hold anything. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** `'it''s'`: a text literal. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}

/** After IN or NOT IN: a list of any length is joined, where literals are compared one by one if threads are several. */
export function among(numbers: readonly number[]): string {
  return `(SELECT unnest(CAST([${numbers.join(', ')}] AS BIGINT[])))`
}
