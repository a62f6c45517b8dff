/** Sees everything, and remembers the first invariant that was broken. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'END'

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

  /** What it throws may be taken for an ordinary failure by the code under test; `check` is what counts. */
  mustHold(invariant: Invariant, holds: boolean, message: () => string): void {
    if (holds) return
    this.first ??= new Violation(invariant, message())
  }

  check(): void {
    if (this.first !== null) throw this.first
  }
}
