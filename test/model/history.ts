/**
 * What Temporal remembers of a workflow: the answers to its calls and what it has looked at, by their places. A call that is
 * done where decisions are made is remembered only once something is asked of the server after it.
 */
export class History {
  private readonly calls = new Map<string, Promise<unknown>>()
  private readonly looks = new Map<string, unknown>()
  private recorded = new Set<string>()

  /** The answer that is remembered, or a new one. */
  call<T>(place: string, isLocal: boolean, start: () => Promise<T>): Promise<T> {
    const known = this.calls.get(place)
    if (known !== undefined) return known as Promise<T>
    const answer = start()
    answer.catch(() => undefined)
    this.calls.set(place, answer)
    if (!isLocal) this.recorded = new Set([...this.calls.keys(), ...this.looks.keys()])
    return answer
  }

  has(place: string): boolean {
    return this.calls.has(place)
  }

  look<T>(place: string, look: () => T): T {
    if (!this.looks.has(place)) this.looks.set(place, look())
    return this.looks.get(place) as T
  }

  /** The process is gone, and with it what was not recorded. */
  forgetUnrecorded(): void {
    for (const places of [this.calls, this.looks])
      for (const place of [...places.keys()]) if (!this.recorded.has(place)) places.delete(place)
  }
}
