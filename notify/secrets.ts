/** `${secret:NAME}` in the texts of a channel, put in where it is used. */
const REFERENCE = /\$\{secret:([^}]+)\}/g

export async function withSecrets<T>(value: T, secret: (name: string) => Promise<string>): Promise<T> {
  if (typeof value === 'string') return (await filled(value, secret)) as T
  if (Array.isArray(value)) return (await Promise.all(value.map((item) => withSecrets(item, secret)))) as T
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(async ([key, item]) => [key, await withSecrets(item, secret)] as const)
  return Object.fromEntries(await Promise.all(entries)) as T
}

async function filled(text: string, secret: (name: string) => Promise<string>): Promise<string> {
  const names = new Set([...text.matchAll(REFERENCE)].map(([, name = '']) => name))
  const values = new Map<string, string>()
  for (const name of names) values.set(name, await secret(name))
  return text.replaceAll(REFERENCE, (_whole, name: string) => values.get(name) ?? '')
}
