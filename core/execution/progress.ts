/** Where the epoch loop stands, and how it ends. */
import type { Outcome, Owner, Prepared } from './effects.js'
import type { Next } from './plan.js'

/** Everything the loop knows: what a workflow carries into its next run. */
export interface Progress {
  readonly prepared: Prepared
  readonly owner: Owner
  readonly next: Next
  readonly checkpointFailures: number
  /** Its status says so. */
  readonly isPaused?: boolean
  /** The pending plan is not to be dropped: a sink shows it, or it is the one that drains. */
  readonly mustFinish?: boolean
}

/** `progress` null: it could not be prepared yet. */
export type Ending =
  | { readonly kind: 'ended'; readonly outcome: Outcome }
  | { readonly kind: 'handOver'; readonly progress: Progress | null }
