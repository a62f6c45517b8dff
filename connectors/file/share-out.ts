import {
  amountLeft,
  bytesPerRecord,
  type Cursor,
  type DivisibleOf,
  type FilePosition,
  type Piece,
  start,
} from './position.js'

/** The first record end at or after `amount` bytes from the cursor; null: the file's end. */
export type CutAt = (piece: Piece, amount: number) => Promise<Cursor | null>

export interface Subtasks {
  readonly parallelism: number
  /** No file is cut between them. */
  readonly whole: boolean
}

/** Deals pieces out to subtasks in source order, each about as much, with every cut on an exact record end. */
export async function shareOut(
  { pieces, to }: { readonly pieces: readonly Piece[]; readonly to: FilePosition },
  { parallelism, whole }: Subtasks,
  divisible: DivisibleOf,
  cutAt: CutAt,
): Promise<{ readonly shares: readonly (readonly Piece[])[]; readonly to: FilePosition }> {
  const total = pieces.reduce((sum, piece) => sum + bytesOf(piece, divisible), 0)
  const shares: Piece[][] = Array.from({ length: parallelism }, () => [])
  let position = to
  let subtask = 0
  let room = total / parallelism
  const next = () => {
    if (subtask < parallelism - 1) subtask += 1
    room = total / parallelism
  }
  for (let piece of pieces) {
    for (;;) {
      const bytes = bytesOf(piece, divisible)
      const lastShare = subtask === parallelism - 1
      const part = bytes > room * 1.05 && !lastShare && !whole ? await firstPart(piece, room, divisible, cutAt) : null
      if (part) {
        shares[subtask]!.push(part.first)
        piece = part.rest
        next()
        continue
      }
      const ended = await exactEnd(piece, divisible, cutAt)
      shares[subtask]!.push(ended.piece)
      // Pieces come in order: the last one to be dealt says where the epoch ends.
      position = ended.to
        ? { ...to, index: piece.index, at: ended.to }
        : { ...to, index: Math.max(piece.index + 1, to.index), at: start }
      room -= bytes
      if (room <= 0) next()
      break
    }
  }
  return { shares, to: position }
}

function bytesOf(piece: Piece, divisible: DivisibleOf): number {
  const kind = divisible(piece.file)
  const amount = piece.amount ?? amountLeft(piece.file, piece.from, kind)
  return kind === 'RECORDS' ? amount * bytesPerRecord(piece.file) : amount
}

/** null: it cannot be cut there. */
async function firstPart(
  piece: Piece,
  bytes: number,
  divisible: DivisibleOf,
  cutAt: CutAt,
): Promise<{ readonly first: Piece; readonly rest: Piece } | null> {
  const kind = divisible(piece.file)
  if (kind === 'WHOLE') return null
  if (kind === 'RECORDS') {
    const records = Math.max(1, Math.round(bytes / bytesPerRecord(piece.file)))
    const amount = piece.amount === null ? null : piece.amount - records
    if (amount !== null && amount <= 0) return null
    const from = { ...piece.from, record: piece.from.record + records }
    return { first: { ...piece, amount: records }, rest: { ...piece, from, amount } }
  }
  const cut = await cutAt(piece, Math.max(1, Math.floor(bytes)))
  if (cut === null) return null
  const taken = cut.byte - piece.from.byte
  if (piece.amount !== null && taken >= piece.amount) return null
  const amount = piece.amount === null ? null : piece.amount - taken
  return { first: { ...piece, amount: taken }, rest: { ...piece, from: cut, amount } }
}

/** With its end on a record end, and the cursor there; null: the file's end. */
async function exactEnd(
  piece: Piece,
  divisible: DivisibleOf,
  cutAt: CutAt,
): Promise<{ readonly piece: Piece; readonly to: Cursor | null }> {
  if (piece.amount === null) return { piece, to: null }
  if (divisible(piece.file) === 'RECORDS') {
    return { piece, to: { ...piece.from, record: piece.from.record + piece.amount } }
  }
  const cut = await cutAt(piece, piece.amount)
  if (cut === null) return { piece: { ...piece, amount: null }, to: null }
  return { piece: { ...piece, amount: cut.byte - piece.from.byte }, to: cut }
}
