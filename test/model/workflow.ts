/**
 * One workflow as Temporal runs it: the real loop over a history. Where its process ends, a new one begins the loop anew and
 * is answered by what the history has.
 */
import { awaitInput } from '../../activities/await-input.js'
import { dropPlan } from '../../activities/drop-plan.js'
import { evaluateRestartStrategy } from '../../activities/evaluate-restart-strategy.js'
import { finishExecution } from '../../activities/finish-execution.js'
import { planEpoch } from '../../activities/plan-epoch.js'
import { prepareExecution } from '../../activities/prepare-execution.js'
import { runOperatorChain } from '../../activities/run-operator-chain.js'
import { triggerCheckpoint } from '../../activities/trigger-checkpoint.js'
import { JobError, reportError } from '../../core/errors/job-error.js'
import type { Control } from '../../core/execution/control.js'
import type { ExecutionEffects, Outcome, Owner } from '../../core/execution/effects.js'
import type { Ending, Progress } from '../../core/execution/progress.js'
import { runExecution } from '../../core/execution/run-execution.js'
import { Attempts, type Doing } from './attempts.js'
import { History } from './history.js'
import type { Process } from './scheduler.js'
import { Asked, type Wish } from './wishes.js'
import type { World } from './world.js'

/** Work that can be broken off: the whole of a workflow, or what it does unless a wish comes. */
interface Scope {
  readonly name: string
  readonly breaking: AbortController
  /** Fails when it is broken off. */
  readonly broken: Promise<never>
  calls: number
  looks: number
}

/** From one crash of the process to the next. */
interface Life {
  readonly process: Process
  isOver: boolean
  scope: Scope
}

export class Workflow {
  outcome: Outcome | null = null
  readonly attempts: Attempts
  isToHandOver = false
  /** It waits for records, and there are none. */
  isIdle = false
  isPaused = false
  private readonly cancelling = scopeOf('')
  private readonly asked = new Asked()
  private history = new History()
  private carried: Progress | null = null
  private life: Life
  private waiting: (() => void)[] = []
  private readonly breakers = new Map<string, () => boolean>()

  constructor(
    private readonly world: World,
    readonly executionId: string,
  ) {
    this.attempts = new Attempts(world, executionId)
    this.life = this.begin()
  }

  crash(): void {
    if (this.outcome !== null) return
    this.world.scheduler.note(`${this.executionId} crashes`)
    this.world.ledger.met.add('a loop is replayed')
    this.life.isOver = true
    this.life.process.isDead = true
    this.attempts.crash()
    this.history.forgetUnrecorded()
    this.life = this.begin()
  }

  wish(wish: Wish): void {
    this.asked.ask(wish, this.world.shape.type === 'STREAMING')
    this.wake()
  }

  cancel(): void {
    this.cancelling.breaking.abort()
    this.life.scope.breaking.abort()
    this.wake()
  }

  /** Somebody may have what it waits for. */
  wake(): void {
    for (const tell of this.waiting.splice(0)) tell()
  }

  private begin(): Life {
    const process = this.world.scheduler.process(`${this.executionId} loop`)
    const whole: Scope = { ...this.cancelling }
    const life: Life = { process, isOver: false, scope: whole }
    const failed = (error: unknown): Ending => ({
      kind: 'ended',
      outcome: { status: 'FAILED', error: reportError(error) },
    })
    // Where not even the end could be stored, the reconciler closes the row.
    runExecution(this.executionId, this.control(life), this.effects(life), this.carried)
      .catch(failed)
      .then((ending) => this.end(life, ending))
    return life
  }

  private end(life: Life, ending: Ending): void {
    if (life.isOver) return
    life.isOver = true
    if (ending.kind === 'ended') {
      this.outcome = ending.outcome
      this.world.ended(this)
      return
    }
    this.world.ledger.met.add('a loop is handed over')
    this.world.rules.crosses('what is handed over', ending.progress)
    this.carried = JSON.parse(JSON.stringify(ending.progress)) as Progress | null
    this.history = new History()
    this.life = this.begin()
  }

  private call<T>(life: Life, isLocal: boolean, start: (scope: Scope) => Promise<T>): Promise<T> {
    if (life.isOver) return new Promise(() => {})
    const { scope } = life
    const place = `call ${scope.name}/${scope.calls++}`
    if (scope.breaking.signal.aborted && !this.history.has(place)) return Promise.reject(brokenOff())
    return this.history.call(place, isLocal, () => start(scope))
  }

  private look<T>(life: Life, look: () => T): T {
    if (life.isOver) return look()
    const { scope } = life
    return this.history.look(`look ${scope.name}/${scope.looks++}`, look)
  }

  private control(life: Life): Control {
    const { asked } = this
    const now = () => null
    return {
      shouldHandOver: () =>
        this.look(life, () => {
          const is = this.isToHandOver
          this.isToHandOver = false
          return is
        }),
      cutShort: () => this.look(life, () => (this.cancelling.breaking.signal.aborted ? 'cancelled' : null)),
      wishes: {
        isToPause: () => this.look(life, () => asked.isToPause),
        savepoint: () => this.look(life, () => asked.savepoint()),
        isNow: () => this.look(life, () => asked.isNow()),
        whoPauses: now,
        whoSaves: now,
        unless: (isMet, work) => this.unless(life, isMet, work),
        whilePaused: () =>
          this.call(life, false, async (scope) => {
            this.isPaused = true
            this.world.ledger.met.add('a loop is paused')
            await unlessBroken(
              scope,
              this.until(() => !asked.isToPause || asked.savepoint() !== 'none'),
            ).finally(() => {
              this.isPaused = false
            })
          }),
        nowPaused: () => undefined,
        nowSaved: () => this.look(life, () => asked.saved()),
      },
    }
  }

  /** That it was broken off is remembered like an answer. */
  private async unless(life: Life, isMet: () => boolean, work: () => Promise<void>): Promise<void> {
    if (isMet()) return
    const outer = life.scope
    const name = `${outer.name}/${outer.calls}`
    const inner = scopeOf(name)
    let isBroken = false
    // By the newest life: an answer that is remembered has been asked for by an older one.
    this.breakers.set(name, () => this.peek(life, inner, isMet))
    const broken = this.call(life, false, () => this.until(() => this.breakers.get(name)!()))
    const breakOff = () => {
      if (life.scope !== inner) return
      isBroken = true
      this.world.ledger.met.add('an epoch is broken off')
      inner.breaking.abort()
    }
    broken.then(breakOff, () => undefined)
    life.scope = inner
    if (outer.breaking.signal.aborted) inner.breaking.abort()
    try {
      await work()
    } catch (error) {
      if (!isBroken) throw error
    } finally {
      life.scope = outer
    }
  }

  /** Not what the loop has looked at. */
  private peek(life: Life, scope: Scope, isMet: () => boolean): boolean {
    if (life.isOver || life.scope !== scope) return false
    life.isOver = true
    const is = isMet()
    life.isOver = false
    return is
  }

  private effects(life: Life): ExecutionEffects {
    const { world, attempts, executionId } = this
    const queued = <T>(name: string, given: unknown, doing: Doing<T>) =>
      this.call(life, false, (scope) => unlessBroken(scope, attempts.queued(asked(name, given, scope), doing)))
    return {
      prepare: () =>
        this.call(life, true, (scope) =>
          attempts.hereOrThere(asked('prepare', executionId, scope), (deps, call) =>
            prepareExecution(deps, call, executionId, null),
          ),
        ),
      // Broken off, it is waited for.
      runChain: (task) =>
        this.call(life, false, (scope) =>
          attempts.queued(
            asked(`${task.vertexId}/${task.subtask} epoch ${task.fence.epoch}`, task, scope),
            (deps, call) => attempts.untilJournalIsBack(() => runOperatorChain(deps, call, task)),
            5,
          ),
        ),
      triggerCheckpoint: (done) =>
        this.call(life, true, (scope) =>
          attempts.local(
            asked(`checkpoint ${done.epoch}`, done, scope),
            (deps, call) => triggerCheckpoint(deps, call, done),
            life.process,
          ),
        ),
      planEpoch: (owner, drains) =>
        this.call(life, true, (scope) =>
          attempts.hereOrThere(asked('plan', owner, scope), (deps, call) => planEpoch(deps, call, owner, drains)),
        ),
      dropPlan: (owner, epoch) => queued(`drop ${epoch}`, owner, (deps, call) => dropPlan(deps, call, owner, epoch)),
      awaitInput: (owner) => this.call(life, false, (scope) => unlessBroken(scope, this.awaitInput(scope, owner))),
      takeSavepoint: (owner, by) => queued('savepoint', owner, (deps) => deps.journal.takeSavepoint(owner, by)),
      setStatus: (owner, status, by) => queued(status, owner, (deps) => deps.journal.setStatus(owner, status, by)),
      evaluateRestart: (owner, _id, failure) =>
        queued('restart?', [owner, failure], (deps) => evaluateRestartStrategy(deps, owner, executionId, failure)),
      finish: (owner, _id, outcome) => this.finish(life, owner, outcome),
      sleep: (ms) => this.call(life, false, (scope) => unlessBroken(scope, world.sleep(ms))),
      untilAdmitted: () => this.call(life, false, (scope) => unlessBroken(scope, world.sleep(60_000))),
      now: () => this.look(life, () => world.nowMs),
    }
  }

  /** Cancelled or not. */
  private finish(life: Life, owner: Owner | null, outcome: Outcome) {
    const scope = life.scope
    life.scope = { ...scopeOf('finish'), calls: scope.calls++ }
    const finished = this.call(life, true, (whole) =>
      this.attempts.hereOrThere(asked('finish', [owner, outcome], whole), (deps, call) =>
        finishExecution(deps, call, owner, this.executionId, outcome),
      ),
    )
    life.scope = scope
    return finished
  }

  private async awaitInput(scope: Scope, owner: Owner): Promise<void> {
    this.isIdle = true
    await this.until(() => this.world.hasInput(this.executionId))
    await this.attempts.queued(asked('wait', owner, scope), (deps, call) => awaitInput(deps, call, owner))
    this.isIdle = false
  }

  private async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.waiting.push(resolve))
  }
}

const asked = (name: string, given: unknown, { breaking }: Scope) => ({ name, given, signal: breaking.signal })

const brokenOff = () => new JobError('cancelled', 'It was broken off.')

async function unlessBroken<T>({ broken }: Scope, work: Promise<T>): Promise<T> {
  work.catch(() => undefined)
  return await Promise.race([work, broken])
}

function scopeOf(name: string): Scope {
  const breaking = new AbortController()
  const broken = new Promise<never>((_, reject) => {
    breaking.signal.addEventListener('abort', () => reject(brokenOff()))
  })
  broken.catch(() => undefined)
  return { name, breaking, broken, calls: 0, looks: 0 }
}
