import type { TerminalStatus } from './status.js'
import type { Watermarks } from './watermarks.js'

/** A position as its source defines it: plain JSON. `null` is before the first record. */
export type Position = unknown

/** A piece of a source's input within one epoch, as its source defines it: plain JSON. */
export type Split = unknown

/** How much one epoch may read from one source. */
export interface Budget {
  readonly records: number
  readonly bytes: number
}

export const firstBudget: Budget = { records: 100_000, bytes: 16 * 1024 * 1024 }

/** The input of one epoch: durable before any of it runs, never changed once a sink may have committed it (I1). */
export interface Plan {
  readonly epoch: number
  readonly phase: number
  /** The plan's time, ISO 8601: what `now()` means in this epoch (I9). */
  readonly at: string
  /** By source node id. */
  readonly sources: Readonly<Record<string, PlannedSource>>
  /** True if this epoch is known to reach the end of its phase's input. */
  readonly end: boolean
  /** It ends because its sources were told to, where they stood (`--drain`): nothing of the lineage comes after it. */
  readonly drains?: boolean
  /** How far event time had come before it; absent: nobody judges by it. */
  readonly watermarks?: Watermarks
}

export interface PlannedSource {
  /** Splits for each subtask. */
  readonly splits: readonly (readonly Split[])[]
  /** The position after this epoch; null: as reached, in the result. */
  readonly to: Position | null
  readonly end: boolean
  readonly budget: Budget
}

/** What comes after an epoch. */
export type Next =
  | { readonly kind: 'plan'; readonly epoch: number; readonly phase: number; readonly notBefore: string | null }
  | { readonly kind: 'unplanned'; readonly notBefore?: string }
  /** `phase`: it is another than that of the epoch before, which has ended. */
  | { readonly kind: 'idle'; readonly phase?: number }
  /** `ended`: the step that found it so has ended the execution as well, and this is its status. */
  | { readonly kind: 'exhausted'; readonly ended?: TerminalStatus }
