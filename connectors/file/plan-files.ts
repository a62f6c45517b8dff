import type { Budget } from '../../core/execution/plan.js'
import type { SourcePlan } from '../spi.js'
import { cutPieces, type DivisibleOf, type FilePosition, type FileSplit, type Piece } from './position.js'
import { type CutAt, type Subtasks, shareOut } from './share-out.js'

/** The shortest record that there can be: one character and a line end. */
const shortestRecord = 2
/** What a record is taken to be long while none has been read. */
const usualRecord = 64

/** The input of the next epoch. One subtask reads by rule, and says where it got to; several get exact ranges. */
export async function planFiles(
  position: FilePosition,
  budget: Budget,
  subtasks: Subtasks,
  divisible: DivisibleOf,
  cutAt: CutAt,
): Promise<SourcePlan> {
  if (subtasks.parallelism > 1) return planExactly(position, budget, subtasks, divisible, cutAt)
  const { pieces, to } = cutPieces(position, budget, divisible)
  if (pieces.length === 0) return { splits: [[]], to, end: isEnd(to) }
  const byRule = pieces.some((piece) => divisible(piece.file) === 'BYTES')
  if (!byRule || (isEnd(to) && fits(pieces, position, budget))) {
    return { splits: [[split(pieces)]], to, end: isEnd(to) }
  }
  const { files, read } = position
  const rule: FileSplit = { pieces, records: budget.records, files, ...(read !== undefined && { read }) }
  return { splits: [[rule]], to: null, end: false }
}

async function planExactly(
  position: FilePosition,
  budget: Budget,
  subtasks: Subtasks,
  divisible: DivisibleOf,
  cutAt: CutAt,
): Promise<SourcePlan> {
  const cut = cutPieces(position, { ...budget, bytes: bytesWithin(position, budget, divisible) }, divisible)
  const { shares, to } = await shareOut(cut, subtasks, divisible, cutAt)
  return { splits: shares.map((pieces) => (pieces.length > 0 ? [split(pieces)] : [])), to, end: isEnd(to) }
}

/** Text is cut by bytes: as many as should hold the budget's records. Where records are counted, they are their own limit. */
function bytesWithin({ files, index, at }: FilePosition, budget: Budget, divisible: DivisibleOf): number {
  const file = files[index]
  if (file !== undefined && divisible(file) === 'RECORDS') return budget.bytes
  const perRecord = at.record > 0 ? at.byte / at.record : usualRecord
  return Math.max(1, Math.min(budget.bytes, Math.ceil(budget.records * perRecord)))
}

/** Can what is left hold more records than the budget allows? Then the end is known only when it is reached. */
function fits(pieces: readonly Piece[], { at }: FilePosition, budget: Budget): boolean {
  const bytes = pieces.reduce((sum, piece) => sum + piece.file.size - piece.from.byte, 0)
  const perRecord = at.record > 0 ? at.byte / at.record : shortestRecord
  return bytes <= budget.bytes && bytes / perRecord <= budget.records
}

const split = (pieces: readonly Piece[]): FileSplit => ({ pieces, records: null, files: [] })

export const isEnd = (position: FilePosition): boolean => position.index >= position.files.length
