/** Activities as Temporal runs them: tried again when lost or told to wait, while the lost attempt may go on somewhere. */
import type { ActivityDeps, Call } from '../../activities/deps.js'
import { CODES } from '../../core/errors/codes.js'
import { JobError, reportError, toJobError } from '../../core/errors/job-error.js'
import type { Process } from './scheduler.js'
import type { World } from './world.js'

export type Doing<T> = (deps: ActivityDeps, call: Call) => Promise<T>

export interface Asked {
  readonly name: string
  /** All that crosses with it. */
  readonly given: unknown
  readonly signal: AbortSignal
}

/** One try; `gone`: it is told to be lost, or to have taken too long, whatever becomes of it. */
export interface Attempt {
  readonly name: string
  readonly process: Process
  readonly isLocal: boolean
  giveUp(how: 'lost' | 'timeout'): void
}

type Outcome<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: JobError }
  | { readonly kind: 'lost' | 'timeout' }

export class Attempts {
  /** Those that somebody waits for. */
  readonly outstanding = new Set<Attempt>()

  constructor(
    private readonly world: World,
    private readonly executionId: string,
  ) {}

  /** On a queue. `most`: tries; what waits for MySQL is tried without limit. */
  async queued<T>(asked: Asked, doing: Doing<T>, most = Number.POSITIVE_INFINITY, first = 1): Promise<T> {
    return await this.patiently(asked, doing, { first, most, isLocal: false, waiter: this.world.server })
  }

  /** Where decisions are made: whoever ends the workflow's process ends it too. */
  async local<T>(asked: Asked, doing: Doing<T>, waiter: Process): Promise<T> {
    return await this.patiently(asked, doing, { first: 1, most: Number.POSITIVE_INFINITY, isLocal: true, waiter })
  }

  /** Once where decisions are made, then on the queue. */
  async hereOrThere<T>(asked: Asked, doing: Doing<T>): Promise<T> {
    const here = await this.attempt(asked, doing, 1, true)
    if (here.kind === 'done') return here.value
    if (here.kind === 'failed' && !isToWait(here.error)) throw here.error
    return await this.queued(asked, doing, Number.POSITIVE_INFINITY, 2)
  }

  /** A step that waits for the journal by itself. */
  async untilJournalIsBack<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (!isToWait(toJobError(error)) || this.world.mutant === 'impatient') throw error
        await this.world.scheduler.step(this.world.server, 'timer', 'the journal is away', () => undefined)
      }
    }
  }

  /** With the process where decisions are made goes what it does itself. */
  crash(): void {
    for (const attempt of this.outstanding) {
      if (!attempt.isLocal) continue
      this.outstanding.delete(attempt)
      attempt.process.onDeath = () => {}
      this.world.scheduler.kill(attempt.process)
    }
  }

  private async patiently<T>(
    asked: Asked,
    doing: Doing<T>,
    { first, most, isLocal, waiter }: { first: number; most: number; isLocal: boolean; waiter: Process },
  ): Promise<T> {
    let lost = 0
    for (let number = first; ; number += 1) {
      const outcome = await this.attempt(asked, doing, number, isLocal)
      if (outcome.kind === 'done') return outcome.value
      if (outcome.kind === 'failed' && !isToWait(outcome.error)) throw outcome.error
      if (outcome.kind === 'failed' && this.world.mutant === 'impatient') throw outcome.error
      if (outcome.kind === 'timeout') throw new JobError('checkpoint.timeout', 'It took too long.')
      if (outcome.kind === 'lost') lost += 1
      if (lost >= most) throw new JobError('worker.lost', 'It sent no heartbeat any more.')
      await this.world.scheduler.step(waiter, 'timer', `back off from ${asked.name}`, () => undefined)
    }
  }

  private attempt<T>(asked: Asked, doing: Doing<T>, number: number, isLocal: boolean): Promise<Outcome<T>> {
    const { scheduler, rules, server } = this.world
    const name = `${this.executionId} ${asked.name} #${number}`
    const process = scheduler.process(name)
    rules.crosses(`the input of ${name}`, asked.given)
    return new Promise((resolve) => {
      const attempt: Attempt = {
        name: asked.name,
        process,
        isLocal,
        giveUp: (kind) => {
          process.isGivenUp = true
          this.settle(attempt, () => resolve({ kind }))
        },
      }
      this.outstanding.add(attempt)
      process.onDeath = () => {
        scheduler.step(server, 'timer', `miss ${name}`, () => attempt.giveUp('lost')).catch(() => undefined)
      }
      // Who is taken for lost is not told to stop either.
      const stopping = new AbortController()
      const stop = () => {
        if (!process.isGivenUp) stopping.abort()
      }
      if (asked.signal.aborted) stop()
      else asked.signal.addEventListener('abort', stop, { once: true })
      const call: Call = {
        signal: stopping.signal,
        activityAttempt: number,
        heartbeat: (details) => rules.crosses(`a heartbeat of ${name}`, details),
      }
      const tell = (outcome: Outcome<T>, crossing: unknown) =>
        scheduler.step(process, 'answer', outcome.kind, () => {
          rules.crosses(`the answer of ${name}`, crossing)
          asked.signal.removeEventListener('abort', stop)
          this.settle(attempt, () => resolve(outcome))
        })
      doing(this.world.depsOf(process), call)
        .then(
          (value) => tell({ kind: 'done', value }, value),
          (thrown) => tell({ kind: 'failed', error: toJobError(thrown) }, reportError(thrown)),
        )
        .catch(() => undefined)
    })
  }

  private settle(attempt: Attempt, resolve: () => void): void {
    if (this.outstanding.delete(attempt)) resolve()
  }
}

const isToWait = (error: JobError) => CODES[error.code].onFailure === 'WAIT'
