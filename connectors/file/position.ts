import type { Budget } from '../../core/execution/plan.js'
import type { ListedFile } from './files.js'

/** A file of the frozen listing. `records` is known for formats that say so (Parquet). */
export interface FrozenFile extends ListedFile {
  readonly records?: number
}

/** Where reading stands: the listing as the first plan found it, and the next record in it. */
export interface FilePosition {
  readonly files: readonly FrozenFile[]
  /** Into `files`; equal to their number at the end. */
  readonly index: number
  readonly at: Cursor
  /** Files of listings before this one, as `file-names.ts` keeps them; absent: there was none. */
  readonly read?: string
}

/** Within one file. */
export interface Cursor {
  /** Offset of the next byte; 0 before the header. */
  readonly byte: number
  /** 1-based line of that byte. */
  readonly line: number
  /** Records of the file so far. */
  readonly record: number
}

/** What one subtask reads in one epoch: pieces in order, and no more than `records` records of them. */
export interface FileSplit {
  readonly pieces: readonly Piece[]
  /** null: the pieces end where they say. */
  readonly records: number | null
  /** The listing, where the position after the split is known only when it was read; else empty. */
  readonly files: readonly FrozenFile[]
  readonly read?: string
}

/** A rule: from the cursor on, `amount` bytes and on to the next record's end, or records (Parquet); null: to the end. */
export interface Piece {
  readonly file: FrozenFile
  /** Of the file in the listing. */
  readonly index: number
  readonly from: Cursor
  readonly amount: number | null
}

/** BYTES: cut on record ends; RECORDS: cut by number; WHOLE: one file at a time. */
export type Divisible = 'BYTES' | 'RECORDS' | 'WHOLE'
export type DivisibleOf = (file: FrozenFile) => Divisible

export const start: Cursor = { byte: 0, line: 1, record: 0 }

/** Pieces from `position` on, within the budget but never none while there is input; and the position after them. */
export function cutPieces(
  position: FilePosition,
  budget: Budget,
  divisible: DivisibleOf,
): { readonly pieces: readonly Piece[]; readonly to: FilePosition } {
  const pieces: Piece[] = []
  let { index, at } = position
  let { bytes, records } = budget
  while (index < position.files.length && bytes > 0 && records > 0) {
    const file = position.files[index]!
    const kind = divisible(file)
    const left = amountLeft(file, at, kind)
    const wanted = kind === 'WHOLE' ? left : kind === 'BYTES' ? bytes : recordsWithin(file, bytes, records)
    const whole = wanted >= left
    if (left > 0) pieces.push({ file, index, from: at, amount: whole ? null : wanted })
    const taken = Math.min(wanted, left)
    if (kind === 'RECORDS') records -= taken
    bytes -= kind === 'RECORDS' ? taken * bytesPerRecord(file) : taken
    if (!whole) return { pieces, to: { ...position, index, at: { ...at, record: at.record + taken } } }
    index += 1
    at = start
  }
  return { pieces, to: { ...position, index, at } }
}

/** In bytes, or in records where those are what is counted. */
export function amountLeft(file: FrozenFile, at: Cursor, kind: Divisible): number {
  return kind === 'RECORDS' ? (file.records ?? 0) - at.record : file.size - at.byte
}

export function bytesPerRecord(file: FrozenFile): number {
  return file.size / Math.max(1, file.records ?? 1)
}

function recordsWithin(file: FrozenFile, bytes: number, records: number): number {
  return Math.max(1, Math.min(records, Math.floor(bytes / bytesPerRecord(file))))
}
