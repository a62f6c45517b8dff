import { fileURLToPath } from 'node:url'

/** What runs in a process of its own: it answers OPEN and ROW. */
export const duckdbChild = fileURLToPath(new URL('./child.mjs', import.meta.url))
