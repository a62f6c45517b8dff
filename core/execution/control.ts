/** What happens to an execution from outside while it runs. */

export interface Control {
  /** History has grown: end this workflow run between two epochs and go on in a new one. */
  shouldHandOver(): boolean
  /** Why work was cut short, once it was. */
  cutShort(): 'cancelled' | 'timeout' | null
  readonly wishes: Wishes
}

/** `stop`: the execution ends after it. */
export type Savepoint = 'none' | 'continue' | 'stop'

/** What people want of an execution: heeded between two steps, never in the middle of one (DESIGN, Stop and savepoint). */
export interface Wishes {
  isToPause(): boolean
  savepoint(): Savepoint
  /** Waits, but not once a wish comes. */
  unlessWanted(wait: () => Promise<void>): Promise<void>
  /** A paused execution waits until something else is wanted. */
  whilePaused(): Promise<void>
  /** The status says so. */
  nowPaused(isPaused: boolean): void
  /** null: there is no epoch that is complete. */
  nowSaved(checkpointId: string | null, kind: Savepoint): void
}

/** What the Update `savepoint` takes. */
export interface SavepointWish {
  readonly stop: boolean
}

export interface SavepointAnswer {
  /** null: no epoch is complete, so there is nothing to keep. */
  readonly checkpointId: string | null
}

/** Nobody is there who could ask. */
export const noWishes: Wishes = {
  isToPause: () => false,
  savepoint: () => 'none',
  unlessWanted: async (wait) => await wait(),
  whilePaused: async () => undefined,
  nowPaused: () => undefined,
  nowSaved: () => undefined,
}
