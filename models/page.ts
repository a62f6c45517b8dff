/** Lists in pages: a cursor says where the next one begins. */
import { Op, type WhereOptions } from 'sequelize'
import { JobError } from '../core/errors/job-error.js'

export interface PageRequest {
  /** 1 to 500; 50 when left out. */
  readonly limit?: number | undefined
  /** `nextCursor` of the page before. */
  readonly cursor?: string | undefined
  readonly order?: 'NEWEST' | 'OLDEST' | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  readonly nextCursor: string | null
}

const MOST = 500
const USUAL = 50

/** Where, order and limit of a page by row id; one row more than asked for says whether another page follows. */
export function pageQuery(request: PageRequest) {
  const newest = (request.order ?? 'NEWEST') === 'NEWEST'
  const after = request.cursor === undefined ? null : readCursor(request.cursor)
  const where: WhereOptions = after === null ? {} : { id: newest ? { [Op.lt]: after } : { [Op.gt]: after } }
  return { where, order: [['id', newest ? 'DESC' : 'ASC']] as [string, string][], limit: limitOf(request) + 1 }
}

export function pageOf<Row extends { readonly id: string }, T>(
  rows: readonly Row[],
  request: PageRequest,
  toItem: (row: Row) => T,
): Page<T> {
  const limit = limitOf(request)
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items: shown.map(toItem), nextCursor: more ? Buffer.from(last.id).toString('base64url') : null }
}

function limitOf({ limit = USUAL }: PageRequest): number {
  return Math.min(Math.max(Math.trunc(limit), 1), MOST)
}

function readCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString()
  if (/^\d{1,20}$/.test(id)) return id
  throw new JobError('usage.invalid', 'The cursor is not one that a list has given.', { pointer: '/cursor' })
}
