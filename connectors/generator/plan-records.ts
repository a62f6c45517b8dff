import type { Budget } from '../../core/execution/plan.js'
import type { SourcePlan } from '../spi.js'

/** Where generating stands: the number of the next record. */
export interface GeneratorPosition {
  readonly next: number
  /** When record 0 was due, milliseconds since 1970: the first plan said so, and every later one counts from there. */
  readonly startedMs: number
}

/** Records `from` up to `to`, by their number. */
export interface GeneratorSplit {
  readonly from: number
  readonly to: number
}

export interface Amount {
  /** null: without end. */
  readonly rows: number | null
  /** null: all are there at once. */
  readonly rowsPerSecond: number | null
  /** About what one record takes. */
  readonly bytesPerRecord: number
}

/**
 * One stretch, cut into as many equal ones as there are subtasks. The clock is looked at only here: what a split holds
 * is in the plan, and does not depend on when it is read (I1, I9).
 */
export function planRecords(
  from: GeneratorPosition | null,
  budget: Budget,
  parallelism: number,
  { rows, rowsPerSecond, bytesPerRecord }: Amount,
  nowMs: number,
): SourcePlan {
  const { next, startedMs } = from ?? { next: 0, startedMs: nowMs }
  const most = Math.max(1, Math.min(budget.records, Math.floor(budget.bytes / bytesPerRecord)))
  const due = rowsPerSecond === null ? Number.POSITIVE_INFINITY : dueBy(nowMs - startedMs, rowsPerSecond)
  const last = rows ?? Number.MAX_SAFE_INTEGER
  const to = Math.max(next, Math.min(next + most, due, last))
  const position: GeneratorPosition = { next: to, startedMs }
  return { splits: shareOut({ from: next, to }, parallelism), to: position, end: rows !== null && to >= rows }
}

/** How long until record `next` is due. */
export function dueInMs({ next, startedMs }: GeneratorPosition, { rowsPerSecond }: Amount, nowMs: number): number {
  return rowsPerSecond === null ? 0 : Math.ceil(startedMs + (next * 1000) / rowsPerSecond - nowMs)
}

/** Record n is due n / rowsPerSecond after the start: the first at once, so that the start becomes part of a plan. */
function dueBy(elapsedMs: number, rowsPerSecond: number): number {
  return Math.floor((Math.max(0, elapsedMs) * rowsPerSecond) / 1000) + 1
}

function shareOut({ from, to }: GeneratorSplit, parallelism: number): readonly (readonly GeneratorSplit[])[] {
  const share = Math.ceil((to - from) / parallelism)
  return Array.from({ length: parallelism }, (_, subtask) => {
    const split = { from: Math.min(to, from + subtask * share), to: Math.min(to, from + (subtask + 1) * share) }
    return split.to > split.from ? [split] : []
  })
}
