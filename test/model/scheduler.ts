/** Which of all outstanding steps goes on next, and what befalls it: chosen by a seed, so that any run can be had again. */
import type { ErrorCode } from '../../core/errors/codes.js'
import { JobError } from '../../core/errors/job-error.js'
import type { Situation } from './ledger.js'

/** Something that can be killed, or be slow: an activity attempt, a workflow, the server. */
export interface Process {
  readonly name: string
  isDead: boolean
  /** A zombie: nobody waits for it any more. */
  isGivenUp: boolean
  asleepUntil: number
  /** Somebody notices, sooner or later. */
  onDeath: () => void
}

/** What a step asks of. Timers and answers cannot fail by themselves, but can come late or never. */
export type Place = 'journal' | 'store' | 'sink' | 'source' | 'timer' | 'answer'

const failures: Readonly<Partial<Record<Place, ErrorCode>>> = {
  journal: 'mysql.away',
  store: 'storage.failed',
  sink: 'connection.refused',
  source: 'source.unreadable',
}

/** UNKNOWN is done and told as failed, DIE_AFTER is done and nobody is left to tell. */
type Fate = 'GO' | 'FAIL' | 'UNKNOWN' | 'DIE' | 'DIE_AFTER'

interface Befalling {
  readonly fate: Fate
  befalls(step: Step): boolean
}

const isAsking = ({ place }: Step) => place !== 'timer' && place !== 'answer'
const isCommit = ({ what }: Step) => /^(commit|complete) /.test(what)
const isAnswer = ({ place }: Step) => place === 'answer'

/** What befalls one step: the first that it can befall. */
export const stepFaults = {
  FAIL: { fate: 'FAIL', befalls: isAsking },
  UNKNOWN: { fate: 'UNKNOWN', befalls: isAsking },
  UNKNOWN_COMMIT: { fate: 'UNKNOWN', befalls: isCommit },
  DIE: { fate: 'DIE', befalls: isAsking },
  DIE_AFTER: { fate: 'DIE_AFTER', befalls: isAsking },
  DIE_AFTER_COMMIT: { fate: 'DIE_AFTER', befalls: isCommit },
  LOSE_ANSWER: { fate: 'DIE', befalls: isAnswer },
} as const satisfies Readonly<Record<string, Befalling>>

export interface Fault<Kind extends string = string> {
  /** After so many steps. */
  readonly at: number
  readonly kind: Kind
  /** Chooses among what it can befall. */
  readonly pick: number
}

interface Step {
  readonly process: Process
  readonly place: Place
  readonly what: string
  go(fate: Fate): void
  /** It will never be. */
  drop(): void
}

const mostSteps = 30_000

export class Scheduler {
  tick = 0
  /** The journal cannot be reached before this step. */
  journalAwayUntil = 0
  private steps: Step[] = []
  /** Of the dead: nobody is answered, but at the end. */
  private readonly dropped: (() => void)[] = []
  private isOver = false
  private readonly faults: Fault[]
  private armed: Befalling[] = []
  private readonly trace: string[] = []
  private processes = 0

  constructor(
    readonly random: Random,
    faults: readonly Fault[],
    /** What befalls more than one step. */
    private readonly strike: (fault: Fault) => void,
    private readonly met: (situation: Situation) => void,
  ) {
    this.faults = [...faults].sort((a, b) => a.at - b.at)
  }

  process(name: string): Process {
    this.processes += 1
    const alive = { isDead: false, isGivenUp: false, asleepUntil: 0, onDeath: () => {} }
    return { ...alive, name: `${name} (${this.processes})` }
  }

  /** Atomic: `effect` happens as a whole, at some time, or not at all. */
  step<T>(process: Process, place: Place, what: string, effect: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const drop = () => reject(new Error('The world has ended.'))
      const go = (fate: Fate) => {
        if (fate === 'DIE') {
          this.dropped.push(drop)
          return this.kill(process)
        }
        const failure = () => new JobError(failures[place] ?? 'internal', `${what}: ${fate}`)
        if (fate === 'FAIL') return reject(failure())
        try {
          const done = effect()
          if (fate === 'DIE_AFTER') {
            this.dropped.push(drop)
            return this.kill(process)
          }
          if (fate === 'UNKNOWN') return reject(failure())
          resolve(done)
        } catch (error) {
          reject(error)
        }
      }
      if (this.isOver) drop()
      else this.steps.push({ process, place, what, go, drop })
    })
  }

  kill(process: Process): void {
    if (process.isDead) return
    process.isDead = true
    this.note(`${process.name} is dead`)
    process.onDeath()
  }

  note(line: string): void {
    this.trace.push(`${this.tick} ${line}`)
  }

  story(): string {
    return this.trace.slice(-400).join('\n')
  }

  get hasFaults(): boolean {
    return this.faults.length > 0
  }

  /** `onQuiet`: nobody has anything to do; false: nobody ever will. */
  async run(isOver: () => boolean, check: () => void, onQuiet: () => boolean): Promise<void> {
    for (;;) {
      await settled()
      check()
      if (isOver()) return
      if (this.tick > mostSteps) throw new Error('It does not end.')
      if ((this.faults[0]?.at ?? Number.POSITIVE_INFINITY) <= this.tick) {
        this.befall(this.faults.shift()!)
        continue
      }
      const next = this.next()
      if (next !== null) this.take(next)
      else if (!onQuiet()) throw new Error('It does not end: nobody has anything to do.')
      this.tick += 1
    }
  }

  /** Whatever still waits lets go of what it holds, timers for one. */
  async end(): Promise<void> {
    this.isOver = true
    for (const { drop } of this.steps.splice(0)) drop()
    for (const drop of this.dropped.splice(0)) drop()
    await settled()
  }

  private befall(fault: Fault): void {
    this.note(`--- ${fault.kind} ${fault.pick}`)
    if (fault.kind in stepFaults) this.armed.push(stepFaults[fault.kind as keyof typeof stepFaults])
    else this.strike(fault)
  }

  private next(): Step | null {
    for (const { process, drop } of this.steps) if (process.isDead) this.dropped.push(drop)
    this.steps = this.steps.filter(({ process }) => !process.isDead)
    const awake = this.steps.filter(({ process }) => process.asleepUntil <= this.tick)
    if (awake.length > 0) return awake[this.random.below(awake.length)]!
    if (this.steps.length === 0) return null
    const first = this.steps.reduce((a, b) => (a.process.asleepUntil <= b.process.asleepUntil ? a : b))
    this.tick = first.process.asleepUntil
    return first
  }

  private take(step: Step): void {
    this.steps.splice(this.steps.indexOf(step), 1)
    const fate = this.fateOf(step)
    if (fate === 'UNKNOWN' && step.what.startsWith('commit ')) this.met('a commit is done and told as failed')
    if (fate !== 'GO' && step.place === 'journal') this.met('the journal is away')
    this.note(`${step.process.name}: ${step.place} ${step.what}${fate === 'GO' ? '' : ` - ${fate}`}`)
    step.go(fate)
  }

  private fateOf(step: Step): Fate {
    if (step.place === 'journal' && this.tick < this.journalAwayUntil)
      return this.random.below(3) === 0 ? 'UNKNOWN' : 'FAIL'
    const at = this.armed.findIndex(({ befalls }) => befalls(step))
    return at === -1 ? 'GO' : this.armed.splice(at, 1)[0]!.fate
  }
}

/** Everything that needs no step has happened. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve))

/** Small, fast, and the same everywhere. Seed 0: always the first, in the order of asking. */
export class Random {
  constructor(private state: number) {}

  below(limit: number): number {
    if (this.state === 0) return 0
    this.state = (this.state + 0x6d2b79f5) | 0 || 1
    let mixed = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * limit)
  }
}
