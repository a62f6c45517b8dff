/** `"a""b"`: an identifier that can hold anything. */
export const name = (identifier: string): string => `"${identifier.replaceAll('"', '""')}"`

export const text = (value: string): string => `'${value.replaceAll("'", "''")}'`
