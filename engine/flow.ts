/** Reading ahead of the chain, and the chain ahead of the sinks: by at most two batches together. */

/** Begins the next item while the one before is being worked on. */
export async function* oneAhead<T>(items: AsyncGenerator<T, void, void>): AsyncGenerator<T, void, void> {
  const begin = () => {
    const begun = items.next()
    // Nobody may be listening when it fails; whoever asks for it hears of it then, and whoever leaves never does.
    begun.catch(() => undefined)
    return begun
  }
  let next = begin()
  try {
    for (;;) {
      const item = await next
      if (item.done === true) return
      next = begin()
      yield item.value
    }
  } finally {
    await items.return().catch(() => undefined)
  }
}

/** Work that is done in order, side by side with whoever hands it over, who waits while two are under way. */
export class Downstream<T> {
  private last: Promise<void> = Promise.resolve()
  private failure: { readonly error: unknown } | null = null

  constructor(private readonly work: (item: T) => Promise<void>) {}

  /** Answers when only this item is left, and how long that took. */
  async push(item: T): Promise<number> {
    const before = this.last
    this.last = before.then(() => this.attempt(item))
    const started = performance.now()
    await before
    this.check()
    return performance.now() - started
  }

  /** Everything is done. */
  async drained(): Promise<void> {
    await this.last
    this.check()
  }

  /** Nothing is under way any more, whatever came of it. */
  async settled(): Promise<void> {
    await this.last
  }

  private async attempt(item: T): Promise<void> {
    if (this.failure !== null) return
    try {
      await this.work(item)
    } catch (error) {
      this.failure = { error }
    }
  }

  private check(): void {
    if (this.failure !== null) throw this.failure.error
  }
}

/** One at a time, in the order of asking. */
export class Turn {
  private last: Promise<unknown> = Promise.resolve()

  take<T>(work: () => Promise<T>): Promise<T> {
    const result = this.last.then(work)
    this.last = result.catch(() => undefined)
    return result
  }
}
