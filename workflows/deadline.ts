import { CancellationScope, sleep } from '@temporalio/workflow'

/** Why a scope was cut short, once it was. */
export type CutShort = 'cancelled' | 'timeout' | null

/** Work that a person may cancel, and that a job's `timeout` ends; who asks afterwards learns which it was. */
export class Deadline {
  #reason: CutShort = null
  #timer: CancellationScope | null = null
  #endsMs = 0
  #heldMs: number | null = null
  #countsFromMs = 0
  readonly #work = new CancellationScope({ cancellable: true })

  constructor() {
    CancellationScope.current().cancelRequested.catch(() => {
      this.#reason ??= 'cancelled'
    })
  }

  get reason(): CutShort {
    return this.#reason
  }

  /** Durable: armed once, it fires even if the worker that armed it is gone. */
  arm(leftMs: number): void {
    if (this.#timer !== null) return
    const timer = new CancellationScope({ cancellable: true })
    this.#timer = timer
    this.#endsMs = Date.now() + leftMs
    timer
      .run(() => sleep(Math.max(1, leftMs)))
      .then(() => {
        this.#reason ??= 'timeout'
        this.#work.cancel()
      })
      .catch(() => undefined)
  }

  /** It has waited until now for others to end: what counts begins after that. */
  waited(): void {
    this.#countsFromMs = Date.now()
  }

  countsFromMs(beganAtMs: number): number {
    return Math.max(beganAtMs, this.#countsFromMs)
  }

  /** Time that passes while nothing may run does not count. */
  hold(): void {
    this.#heldMs = this.leftMs
    this.#timer?.cancel()
    this.#timer = null
  }

  goOn(): void {
    if (this.#heldMs !== null) this.arm(this.#heldMs)
    this.#heldMs = null
  }

  /** null: there is none. */
  get leftMs(): number | null {
    return this.#heldMs ?? (this.#timer === null ? null : this.#endsMs - Date.now())
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#work.run(work)
    } finally {
      this.#timer?.cancel()
    }
  }
}
