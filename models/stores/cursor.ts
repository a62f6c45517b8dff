/** Pages of a list, newest first: a cursor is the last row's id, opaque to whoever holds it. */
import { JobError } from '../../core/errors/job-error.js'

export interface PageRequest {
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

/** For `WHERE id < :before`; without a cursor, beyond every id. */
export function idBefore(cursor: string | undefined): string {
  if (cursor === undefined) return '18446744073709551615'
  const id = Buffer.from(cursor, 'base64url').toString()
  if (!/^\d{1,20}$/.test(id))
    throw new JobError('usage.invalid', 'The cursor is not one of ours', { pointer: '/cursor' })
  return id
}

/** `rows` holds one more than was asked for where another page follows. */
export function pageOf<R extends { readonly id: string }, T>(
  rows: readonly R[],
  limit: number,
  item: (row: R) => T,
): Page<T> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const nextCursor =
    rows.length > limit && last !== undefined ? Buffer.from(String(last.id)).toString('base64url') : null
  return { items: shown.map(item), nextCursor }
}
