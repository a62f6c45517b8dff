import { createHash } from 'node:crypto'

/** A name for a value: the same one in every process. Of secrets it tells nothing. */
export const digest = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 32)
