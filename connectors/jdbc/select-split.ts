import type { Dialect } from './dialect.js'
import { afterKey, uptoKey } from './key-conditions.js'
import type { JdbcSplit, Range } from './position.js'
import type { ReadColumn, Relation } from './relation.js'

/** What is captured in one file: the rows of a split, or of one of its ranges. */
export type Piece = Exclude<JdbcSplit, { kind: 'RANGES' }> | (Range & { readonly kind: 'RANGE' })

export function piecesOf(split: JdbcSplit): readonly Piece[] {
  return split.kind === 'RANGES' ? split.ranges.map((range) => ({ kind: 'RANGE', ...range })) : [split]
}

/** What `selectPiece` gives. */
export function selectedColumns({ columns, key }: Relation): readonly ReadColumn[] {
  const asKey = (column: ReadColumn): ReadColumn =>
    column.keyRead === undefined ? column : { name: column.name, type: 'VARCHAR', ordered: true }
  return [...columns, ...key.map(asKey)]
}

/** The SELECT of a piece: the columns, and after them those of the key, in the order of the key. */
export function selectPiece(dialect: Dialect, { columns, key, from }: Relation, piece: Piece): string {
  const read = (column: ReadColumn) => column.read ?? dialect.name(column.name)
  const values = [...columns.map(read), ...key.map((column) => column.keyRead ?? read(column))]
  const select = `SELECT ${values.join(', ')} FROM ${from}`
  if (piece.kind === 'WHOLE') return select
  const conditions = [
    ...(piece.after === null ? [] : [afterKey(dialect, key, piece.after)]),
    uptoKey(dialect, key, piece.kind === 'PAGE' ? piece.upper : piece.upto),
  ]
  const order = `ORDER BY ${key.map(({ name }) => dialect.name(name)).join(', ')}`
  const limit = piece.kind === 'PAGE' ? ` LIMIT ${piece.limit}` : ''
  return `${select} WHERE ${conditions.join(' AND ')} ${order}${limit}`
}
