/** Updates: what people want of an execution, refused at once or answered when it is done. */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow'
import type { Savepoint, SavepointAnswer, SavepointWish, Wishes } from '../core/execution/control.js'
import type { Outcome, Prepared } from '../core/execution/effects.js'

const pause = defineUpdate<void>('pause')
const resume = defineUpdate<void>('resume')
const savepoint = defineUpdate<SavepointAnswer, [SavepointWish]>('savepoint')

interface Asked extends SavepointWish {
  answer: SavepointAnswer | null
}

export class UpdatedWishes implements Wishes {
  #isToPause: boolean
  #isPaused: boolean
  #prepared: Prepared | null = null
  #outcome: Outcome | null = null
  #asked: Asked[] = []
  #waiting: CancellationScope | null = null

  /** From the workflow run before: whether it is to pause, and whether it is. */
  constructor(isToPause: boolean, isPaused: boolean) {
    this.#isToPause = isToPause
    this.#isPaused = isPaused
    setHandler(pause, () => this.#pause(), { validator: () => this.#refuseUnlessBegun() })
    setHandler(resume, () => this.#resume(), { validator: () => this.#refuseUnlessPaused() })
    setHandler(savepoint, (wish) => this.#savepoint(wish), { validator: ({ stop }) => this.#refuseSavepoint(stop) })
  }

  begin(prepared: Prepared): void {
    this.#prepared = prepared
  }

  /** Whoever waits still learns how it ended. */
  async end(outcome: Outcome): Promise<void> {
    this.#outcome = outcome
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished))
  }

  isToPause(): boolean {
    return this.#isToPause
  }

  savepoint(): Savepoint {
    if (this.#asked.length === 0) return 'none'
    return this.#asked.some(({ stop }) => stop) ? 'stop' : 'continue'
  }

  async unlessWanted(wait: () => Promise<void>): Promise<void> {
    if (this.#isToPause || this.#asked.length > 0) return
    const waiting = new CancellationScope({ cancellable: true })
    this.#waiting = waiting
    try {
      await waiting.run(wait)
    } catch (error) {
      // A cancel of the whole is met again by the next step.
      if (this.#waiting === waiting) throw error
    } finally {
      this.#waiting = null
    }
  }

  async whilePaused(): Promise<void> {
    await condition(() => !this.#isToPause || this.#asked.length > 0)
  }

  nowPaused(isPaused: boolean): void {
    this.#isPaused = isPaused
  }

  /** A stop is wanted until the end has come: one that fails at the end is tried again. */
  nowSaved(checkpointId: string | null, kind: Savepoint): void {
    for (const asked of this.#asked) if (kind === 'stop' || !asked.stop) asked.answer = { checkpointId }
    this.#asked = this.#asked.filter(({ stop }) => stop)
  }

  async #pause(): Promise<void> {
    this.#isToPause = true
    this.#interrupt()
    await this.#until(() => this.#isPaused || !this.#isToPause)
  }

  async #resume(): Promise<void> {
    this.#isToPause = false
    await this.#until(() => !this.#isPaused || this.#isToPause)
  }

  /** The answer to `stop` comes with the end. */
  async #savepoint({ stop }: SavepointWish): Promise<SavepointAnswer> {
    const asked: Asked = { stop, answer: null }
    this.#asked.push(asked)
    this.#interrupt()
    await this.#until(() => asked.answer !== null && (!stop || this.#outcome !== null))
    if (asked.answer === null) throw this.#tooLate()
    return asked.answer
  }

  #interrupt(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.cancel()
  }

  async #until(isDone: () => boolean): Promise<void> {
    await CancellationScope.nonCancellable(() => condition(() => isDone() || this.#outcome !== null))
    if (!isDone()) throw this.#tooLate()
  }

  #refuseUnlessBegun(): void {
    if (this.#outcome !== null) throw this.#tooLate()
    if (this.#prepared === null) throw refused('The execution has not begun yet.')
  }

  #refuseUnlessPaused(): void {
    this.#refuseUnlessBegun()
    if (!this.#isToPause) throw refused('The execution is not paused.')
  }

  #refuseSavepoint(stop: boolean): void {
    this.#refuseUnlessBegun()
    if (stop && this.#prepared?.canStop === false)
      throw refused('A BATCH job ends by itself and cannot be stopped with a savepoint; cancel it instead.')
  }

  #tooLate(): ApplicationFailure {
    return refused(`The execution ended before that, as ${this.#outcome?.status}.`)
  }
}

function refused(message: string): ApplicationFailure {
  const failure = ApplicationFailure.nonRetryable(message, 'conflict')
  failure.stack = ''
  return failure
}
