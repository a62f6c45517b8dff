/** Sees everything, and remembers the first invariant that was broken. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'END'

/** What the model must be seen to come into, or it proves nothing. */
export const situations = [
  'an older fence is refused',
  'a writer has lost its token',
  'a marked epoch is skipped',
  'a commit is done and told as failed',
  'a capture is found',
  'a stored plan is the answer',
  'a stored checkpoint is the answer',
  'a stale owner is refused',
  'a plan is dropped',
  'a plan that a sink shows is kept',
  'a plan of another version is at work',
  'a loop is replayed',
  'a loop is handed over',
  'a loop is paused',
  'an epoch is broken off',
  'an execution is stopped',
  'an execution is drained',
  'an execution is cancelled',
  'an execution has failed',
  'an execution is taken for lost, and runs on',
  'a fork begins',
  'the journal is away',
] as const
export type Situation = (typeof situations)[number]

export class Violation extends Error {
  constructor(
    readonly invariant: Invariant,
    message: string,
  ) {
    super(`${invariant}: ${message}`)
  }
}

export class Ledger {
  private first: Violation | null = null
  /** Situations that a run came into. */
  readonly met = new Set<Situation>()

  /** What it throws may be taken for an ordinary failure by the code under test; `check` is what counts. */
  mustHold(invariant: Invariant, holds: boolean, message: () => string): void {
    if (holds) return
    this.first ??= new Violation(invariant, message())
  }

  check(): void {
    if (this.first !== null) throw this.first
  }
}
