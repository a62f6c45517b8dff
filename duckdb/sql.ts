/** How names and texts of anyone become part of a statement. */
/** `"a ""b"""`: an identifier that can hold anything. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** `'it''s'`: a text literal. */
export function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
