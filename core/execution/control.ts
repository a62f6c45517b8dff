/** What happens to an execution from outside while it runs. */

export interface Control {
  /** History has grown: end this workflow run between two epochs and go on in a new one. */
  shouldHandOver(): boolean
  /** Why work was cut short, once it was. */
  cutShort(): 'cancelled' | 'timeout' | null
  readonly wishes: Wishes
}

/** `stop`: the execution ends after it. `drain`: before that its sources end, so that everything open fires. */
export type Savepoint = 'none' | 'continue' | 'stop' | 'drain'

/** What people want of an execution: heeded between two steps, never in the middle of one (DESIGN, Stop and savepoint). */
export interface Wishes {
  isToPause(): boolean
  savepoint(): Savepoint
  /** The savepoint does not wait for the pending epoch: its plan is dropped, if no sink shows it (I1). */
  isNow(): boolean
  /** Who asked last to pause or to go on, and who asked for the savepoint; null: nobody that is known by name. */
  whoPauses(): string | null
  whoSaves(): string | null
  /** Works, but not once a wish has come that makes `isMet` true: then it is broken off. */
  unless(isMet: () => boolean, work: () => Promise<void>): Promise<void>
  /** A paused execution waits until something else is wanted. */
  whilePaused(): Promise<void>
  /** The status says so. */
  nowPaused(isPaused: boolean): void
  /** null: there is no epoch that is complete. */
  nowSaved(checkpointId: string | null, kind: Savepoint): void
}

/** What the Updates `pause` and `resume` take. */
export interface PauseWish {
  readonly by: string | null
}

/** What the Update `savepoint` takes. */
export interface SavepointWish {
  readonly stop: boolean
  /** Only with `stop`. */
  readonly drain?: boolean
  readonly now?: boolean
  readonly by?: string | null
}

export interface SavepointAnswer {
  /** null: no epoch is complete, so there is nothing to keep. */
  readonly checkpointId: string | null
}

/** Nobody is there who could ask. */
export const noWishes: Wishes = {
  isToPause: () => false,
  savepoint: () => 'none',
  isNow: () => false,
  whoPauses: () => null,
  whoSaves: () => null,
  unless: async (_isMet, work) => await work(),
  whilePaused: async () => undefined,
  nowPaused: () => undefined,
  nowSaved: () => undefined,
}
