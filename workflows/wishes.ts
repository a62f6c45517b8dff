/** Updates: what people want of an execution, refused at once or answered when it is done. */
import {
  ApplicationFailure,
  allHandlersFinished,
  CancellationScope,
  condition,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow'
import type { PauseWish, Savepoint, SavepointAnswer, SavepointWish, Wishes } from '../core/execution/control.js'
import type { Outcome, Prepared } from '../core/execution/effects.js'
import type { UpdateName } from '../core/execution/workflow-names.js'

const pause = defineUpdate<void, [PauseWish]>('pause' satisfies UpdateName)
const resume = defineUpdate<void, [PauseWish]>('resume' satisfies UpdateName)
const savepoint = defineUpdate<SavepointAnswer, [SavepointWish]>('savepoint' satisfies UpdateName)

interface AskedSavepoint extends SavepointWish {
  answer: SavepointAnswer | null
}

export class UpdatedWishes implements Wishes {
  #isToPause: boolean
  #isPaused: boolean
  #prepared: Prepared | null = null
  #outcome: Outcome | null = null
  #asked: AskedSavepoint[] = []
  #whoPauses: string | null = null
  #work: { readonly scope: CancellationScope; readonly isMet: () => boolean } | null = null

  /** From the workflow run before: whether it is to pause, and whether it is. */
  constructor(isToPause: boolean, isPaused: boolean) {
    this.#isToPause = isToPause
    this.#isPaused = isPaused
    setHandler(pause, (wish) => this.#pause(wish), { validator: (_wish) => this.#refuseUnlessBegun() })
    setHandler(resume, (wish) => this.#resume(wish), { validator: (_wish) => this.#refuseUnlessPaused() })
    setHandler(savepoint, (wish) => this.#savepoint(wish), { validator: (wish) => this.#refuseSavepoint(wish) })
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

  /** Whoever wants most decides. */
  savepoint(): Savepoint {
    if (this.#asked.length === 0) return 'none'
    if (this.#asked.some(({ drain }) => drain === true)) return 'drain'
    return this.#asked.some(({ stop }) => stop) ? 'stop' : 'continue'
  }

  isNow(): boolean {
    return this.#asked.some(({ now }) => now === true)
  }

  whoPauses(): string | null {
    return this.#whoPauses
  }

  whoSaves(): string | null {
    return this.#asked.findLast(({ by }) => by !== undefined)?.by ?? null
  }

  async unless(isMet: () => boolean, work: () => Promise<void>): Promise<void> {
    if (isMet()) return
    const at = { scope: new CancellationScope({ cancellable: true }), isMet }
    this.#work = at
    try {
      await at.scope.run(work)
    } catch (error) {
      // Broken off, however it ended; a cancel of the whole is met again by the next step.
      if (this.#work === at) throw error
    } finally {
      if (this.#work === at) this.#work = null
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
    for (const asked of this.#asked) if (kind !== 'continue' || !asked.stop) asked.answer = { checkpointId }
    this.#asked = this.#asked.filter(({ stop }) => stop)
  }

  async #pause(wish?: PauseWish): Promise<void> {
    this.#isToPause = true
    this.#whoPauses = wish?.by ?? null
    this.#interrupt()
    await this.#until(() => this.#isPaused || !this.#isToPause)
  }

  async #resume(wish?: PauseWish): Promise<void> {
    this.#isToPause = false
    this.#whoPauses = wish?.by ?? null
    await this.#until(() => !this.#isPaused || this.#isToPause)
  }

  /** The answer to `stop` comes with the end. */
  async #savepoint(wish: SavepointWish): Promise<SavepointAnswer> {
    const asked: AskedSavepoint = { ...wish, answer: null }
    this.#asked.push(asked)
    this.#interrupt()
    await this.#until(() => asked.answer !== null && (!wish.stop || this.#outcome !== null))
    if (asked.answer === null) throw this.#tooLate()
    return asked.answer
  }

  /** What is at work is broken off, if this is what it does not go on for. */
  #interrupt(): void {
    const work = this.#work
    if (work === null || !work.isMet()) return
    this.#work = null
    work.scope.cancel()
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

  #refuseSavepoint({ stop, drain }: SavepointWish): void {
    this.#refuseUnlessBegun()
    if (drain === true && !stop) throw refused('Only a savepoint that stops can drain.')
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
