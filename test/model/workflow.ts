/**
 * One workflow as Temporal runs it: the real loop, whose answers are kept in a history. Where its process ends, a new one
 * begins the loop anew and is given what the history has; what was done locally and not recorded is done again.
 */
import { awaitInput } from '../../activities/await-input.js'
import { evaluateRestartStrategy } from '../../activities/evaluate-restart-strategy.js'
import { finishExecution } from '../../activities/finish-execution.js'
import { planEpoch } from '../../activities/plan-epoch.js'
import { prepareExecution } from '../../activities/prepare-execution.js'
import { runOperatorChain } from '../../activities/run-operator-chain.js'
import { triggerCheckpoint } from '../../activities/trigger-checkpoint.js'
import { JobError, toJobError } from '../../core/errors/job-error.js'
import type { Control, Savepoint } from '../../core/execution/control.js'
import type { ExecutionEffects, Outcome, Owner } from '../../core/execution/effects.js'
import { type Ending, type Progress, runExecution } from '../../core/execution/run-execution.js'
import { Attempts, type Doing } from './attempts.js'
import type { Process } from './scheduler.js'
import type { Wish, World } from './world.js'

/** From one crash of the process to the next. */
interface Life {
  readonly process: Process
  isOver: boolean
  calls: number
  reads: number
  /** Waits that a wish ends are one call together. */
  isWithin: boolean
}

export class Workflow {
  outcome: Outcome | null = null
  readonly attempts: Attempts
  /** It waits for records, and there are none. */
  isIdle = false
  isPaused = false
  private life: Life
  private carried: Progress | null = null
  private history: Promise<unknown>[] = []
  private recordedCalls = 0
  private known: unknown[] = []
  private recordedReads = 0
  private readonly asked = { isToPause: false, savepoint: 'none' as Savepoint, handsOver: false }
  private readonly cancelling = new AbortController()
  private wanted: (() => void)[] = []

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
    this.life.isOver = true
    this.life.process.isDead = true
    this.attempts.crash()
    this.history.length = this.recordedCalls
    this.known.length = this.recordedReads
    this.life = this.begin()
  }

  wish(wish: Wish): void {
    if (wish === 'PAUSE' || wish === 'RESUME') this.asked.isToPause = wish === 'PAUSE'
    if (wish === 'SAVEPOINT' && this.asked.savepoint === 'none') this.asked.savepoint = 'continue'
    if (wish === 'STOP' && this.world.shape.type === 'STREAMING') this.asked.savepoint = 'stop'
    if (wish === 'CANCEL') this.cancelling.abort()
    if (wish === 'HAND_OVER') this.asked.handsOver = true
    for (const tell of this.wanted.splice(0)) tell()
  }

  /** Somebody has something that it may go on with: input, or a wish. */
  wake(): void {
    for (const tell of this.wanted.splice(0)) tell()
  }

  private begin(): Life {
    const process = this.world.scheduler.process(`${this.executionId} loop`)
    const life: Life = { process, isOver: false, calls: 0, reads: 0, isWithin: false }
    runExecution(this.executionId, this.control(life), this.effects(life), this.carried).then(
      (ending) => this.end(life, ending),
      // Not even its end could be stored: the reconciler closes the row.
      (error) => this.end(life, { kind: 'ended', outcome: { status: 'FAILED', error: toJobError(error) as never } }),
    )
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
    this.world.rules.crosses('what is handed over', ending.progress)
    this.carried = JSON.parse(JSON.stringify(ending.progress)) as Progress
    this.history = []
    this.known = []
    this.recordedCalls = 0
    this.recordedReads = 0
    this.life = this.begin()
  }

  /** An answer of the history, or a new one. */
  private call<T>(life: Life, isLocal: boolean, start: () => Promise<T>): Promise<T> {
    if (life.isOver) return new Promise(() => {})
    if (life.isWithin) return start()
    const at = life.calls++
    if (at < this.history.length) return this.history[at] as Promise<T>
    const answer = start()
    answer.catch(() => undefined)
    this.history.push(answer)
    if (!isLocal) {
      this.recordedCalls = this.history.length
      this.recordedReads = life.reads
    }
    return answer
  }

  /** What the loop looks at. */
  private read<T>(life: Life, look: () => T): T {
    if (life.isOver || life.isWithin) return look()
    const at = life.reads++
    if (at === this.known.length) this.known.push(look())
    return this.known[at] as T
  }

  private control(life: Life): Control {
    const { asked } = this
    const isWanted = () => asked.isToPause || asked.savepoint !== 'none'
    return {
      shouldHandOver: () =>
        this.read(life, () => {
          const is = asked.handsOver
          asked.handsOver = false
          return is
        }),
      cutShort: () => this.read(life, () => (this.cancelling.signal.aborted ? 'cancelled' : null)),
      wishes: {
        isToPause: () => this.read(life, () => asked.isToPause),
        savepoint: () => this.read(life, () => asked.savepoint),
        unlessWanted: (wait) =>
          this.call(life, false, async () => {
            if (isWanted()) return
            life.isWithin = true
            const waiting = wait()
            life.isWithin = false
            waiting.catch(() => undefined)
            await Promise.race([waiting, this.until(isWanted)])
          }),
        whilePaused: () =>
          this.call(life, false, async () => {
            this.isPaused = true
            await this.cancellable(this.until(() => !asked.isToPause || asked.savepoint !== 'none'))
            this.isPaused = false
          }),
        nowPaused: () => undefined,
        nowSaved: (_id, kind) => {
          this.read(life, () => {
            if (kind !== 'stop') asked.savepoint = asked.savepoint === 'stop' ? 'stop' : 'none'
          })
        },
      },
    }
  }

  private effects(life: Life): ExecutionEffects {
    const { world, attempts, executionId } = this
    const signal = this.cancelling.signal
    const asked = (name: string, ...given: readonly unknown[]) => ({ name, given, signal })
    const queued = <T>(name: string, given: unknown, doing: Doing<T>) =>
      this.call(life, false, () =>
        this.unlessCancelled(() => this.cancellable(attempts.queued(asked(name, given), doing))),
      )
    return {
      prepare: () =>
        this.call(life, true, () =>
          this.unlessCancelled(() =>
            attempts.hereOrThere(asked('prepare', executionId), (deps, call) =>
              prepareExecution(deps, call, executionId, null),
            ),
          ),
        ),
      runChain: (task) =>
        this.call(life, false, () =>
          this.unlessCancelled(() =>
            attempts.queued(
              asked(`${task.vertexId}/${task.subtask} epoch ${task.fence.epoch}`, task),
              (deps, call) => this.untilJournalIsBack(() => runOperatorChain(deps, call, task)),
              5,
            ),
          ),
        ),
      triggerCheckpoint: (done) =>
        this.call(life, true, () =>
          this.unlessCancelled(() =>
            attempts.local(
              asked(`checkpoint ${done.epoch}`, done),
              (deps, call) => triggerCheckpoint(deps, call, done),
              life.process,
            ),
          ),
        ),
      planEpoch: (owner) => queued('plan', owner, (deps, call) => planEpoch(deps, call, owner)),
      awaitInput: (owner) => this.call(life, false, () => this.cancellable(this.awaitInput(owner))),
      takeSavepoint: (owner) => queued('savepoint', owner, (deps) => deps.journal.takeSavepoint(owner)),
      setStatus: (owner, status) => queued(status, owner, (deps) => deps.journal.setStatus(owner, status)),
      evaluateRestart: (owner, _id, failure) =>
        queued('restart?', [owner, failure], (deps) => evaluateRestartStrategy(deps, owner, executionId, failure)),
      finish: (owner, _id, outcome) =>
        this.call(life, true, () =>
          attempts.hereOrThere(
            { ...asked('finish', owner, outcome), signal: new AbortController().signal },
            (deps, call) => finishExecution(deps, call, owner, executionId, outcome),
          ),
        ),
      sleep: (ms) => this.call(life, false, () => this.cancellable(world.sleep(ms))),
      untilAdmitted: () => this.call(life, false, () => this.cancellable(world.sleep(60_000))),
      now: () => this.read(life, () => world.nowMs),
    }
  }

  /** A step that waits for the journal itself. */
  private async untilJournalIsBack<T>(work: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        if (toJobError(error).code !== 'mysql.away' || this.world.mutant === 'impatient') throw error
        await this.world.scheduler.step(this.world.server, 'timer', 'the journal is away', () => undefined)
      }
    }
  }

  private async awaitInput(owner: Owner): Promise<void> {
    const { attempts, executionId, cancelling, world } = this
    this.isIdle = true
    await this.until(() => world.hasInput(executionId))
    await attempts.queued({ name: 'wait', given: owner, signal: cancelling.signal, isPolling: true }, (deps, call) =>
      awaitInput(deps, call, owner),
    )
    this.isIdle = false
  }

  private async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) await new Promise<void>((resolve) => this.wanted.push(resolve))
  }

  private async cancellable<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined)
    const cancelled = this.until(() => this.cancelling.signal.aborted).then(() => {
      throw new JobError('cancelled', 'The execution was cancelled.')
    })
    return await Promise.race([work, cancelled])
  }

  /** Asked for after a cancel it is refused; begun before, it ends as it ends. */
  private async unlessCancelled<T>(work: () => Promise<T>): Promise<T> {
    if (this.cancelling.signal.aborted) throw new JobError('cancelled', 'The execution was cancelled.')
    return await work()
  }
}
