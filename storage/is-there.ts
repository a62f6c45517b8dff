import type { ObjectStore } from './store.js'

/** Throws where the store cannot say: what cannot be read is not therefore gone. */
export async function isThere(store: ObjectStore, key: string): Promise<boolean> {
  for await (const found of store.list(key)) if (found.key === key) return true
  return false
}
