import { CancellationScope, sleep } from '@temporalio/workflow'

/** Why a scope was cut short, once it was. */
export type CutShort = 'cancelled' | 'timeout' | null

/** Work that a person may cancel, and that a job's `timeout` ends; who asks afterwards learns which it was. */
export class Deadline {
  #reason: CutShort = null
  #timer: CancellationScope | null = null
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
    this.#timer = new CancellationScope({ cancellable: true })
    this.#timer
      .run(() => sleep(Math.max(1, leftMs)))
      .then(() => {
        this.#reason ??= 'timeout'
        this.#work.cancel()
      })
      .catch(() => undefined)
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await this.#work.run(work)
    } finally {
      this.#timer?.cancel()
    }
  }
}
