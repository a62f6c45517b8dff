/** Everything below the activities, and everything that may befall it. */
import type { ActivityDeps } from '../../activities/deps.js'
import { noBytes } from '../../core/execution/byte-totals.js'
import type { ExecutionRecord } from '../../core/execution/journal.js'
import { defaultLimits } from '../../core/execution/limits.js'
import { isTerminal } from '../../core/execution/status.js'
import type { JobGraph } from '../../core/graph/job-graph.js'
import { functionsBelow } from '../../functions/open-functions.js'
import { modelChain } from './chain.js'
import { graphOf, type Shape, settingsOf } from './job.js'
import { journalOf } from './journal.js'
import { Ledger, type Situation } from './ledger.js'
import type { Mutant } from './mutants.js'
import { Rules } from './rules.js'
import { type Fault, type Process, Random, Scheduler, stepFaults } from './scheduler.js'
import { mainSource, sideSource } from './source.js'
import { ModelStore } from './store.js'
import { type CheckpointRow, type ExecutionRow, type StartsFrom, Tables } from './tables.js'
import { Target } from './target.js'
import { type Wish, wishes } from './wishes.js'
import { Workflow } from './workflow.js'

const isWish = (kind: FaultKind): kind is Wish => (wishes as readonly string[]).includes(kind)

export const faultKinds = [
  ...(Object.keys(stepFaults) as (keyof typeof stepFaults)[]),
  ...wishes,
  'CANCEL',
  'HAND_OVER',
  'GIVE_UP',
  'SLOW',
  'CHECKPOINT_TIMEOUT',
  'JOURNAL_AWAY',
  'CRASH',
  'POWER_CUT',
  'TAKEN_FOR_LOST',
  'FORK',
  'NEW_VERSION',
] as const
export type FaultKind = (typeof faultKinds)[number]

let worlds = 0
const msPerStep = 20
const mostForks = 2

export class World {
  readonly ledger = new Ledger()
  readonly scheduler: Scheduler
  readonly server: Process
  readonly tables: Tables
  readonly store: ModelStore
  readonly target: Target
  readonly rules: Rules
  readonly workflows: Workflow[] = []
  /** Of the main source, so far. */
  arrived: number
  /** How often a record has been read. */
  readings = 0
  private readonly name: string
  private pollers: (() => void)[] = []
  private readonly graphs = new Map<number, JobGraph>()
  private version = 1
  private sleptMs = 0
  private accepted = 0

  constructor(
    readonly shape: Shape,
    seed: number,
    faults: readonly Fault<FaultKind>[],
    readonly mutant: Mutant | null = null,
  ) {
    worlds += 1
    this.name = `world${worlds}`
    const met = (situation: Situation) => void this.ledger.met.add(situation)
    this.scheduler = new Scheduler(new Random(seed), faults, (fault) => this.strike(fault as Fault<FaultKind>), met)
    this.server = this.scheduler.process('server')
    this.tables = new Tables((version) => this.graphOf(version), mutant, met)
    this.store = new ModelStore(this.scheduler, this.ledger, () => this.nowMs)
    this.rules = new Rules(this)
    this.store.isNeeded = (key) => this.rules.isNeeded(key)
    this.target = new Target(this)
    this.arrived = shape.type === 'BATCH' ? shape.records : Math.ceil(shape.records / 3)
  }

  graphOf(version: number): JobGraph {
    const graph = this.graphs.get(version) ?? graphOf(this.shape, version)
    this.graphs.set(version, graph)
    return graph
  }

  get nowMs(): number {
    return Date.parse('2026-01-01T00:00:00Z') + this.sleptMs + this.scheduler.tick * msPerStep
  }

  /** The first lineage; forks have others. */
  get root(): string {
    return `lineage-of-${this.name}-1`
  }

  async run(): Promise<void> {
    this.start({})
    const check = () => this.ledger.check()
    await this.scheduler
      .run(
        () => false,
        check,
        () => this.onQuiet(),
      )
      .catch((error) => {
        if (!(error instanceof Error) || error.message !== allOver) throw error
      })
  }

  /** Only when nothing else can happen: input comes, whoever waits for a person is helped, what has failed is restarted. */
  private onQuiet(): boolean {
    const live = this.workflows.filter(({ outcome }) => outcome === null)
    for (const workflow of live) {
      if (workflow.isPaused) return this.wish(workflow, 'RESUME')
      if (!workflow.isIdle) continue
      if (this.arrived < this.shape.records) return this.arrive()
      return this.wish(workflow, 'STOP')
    }
    if (live.length > 0) return false
    const unfinished = this.lineages().find((lineageId) => !this.isComplete(lineageId))
    if (unfinished === undefined) throw new Error(allOver)
    this.start({ restartOf: this.newestOf(unfinished).executionId })
    return true
  }

  private wish(workflow: Workflow, wish: 'RESUME' | 'STOP'): boolean {
    workflow.wish(wish)
    return true
  }

  /** Or until nobody wants to know any more. */
  untilArrival(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.pollers.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
  }

  async end(): Promise<void> {
    await this.scheduler.end()
    this.arrived = Number.POSITIVE_INFINITY
    for (const tell of this.pollers.splice(0)) tell()
  }

  private arrive(): boolean {
    this.arrived = Math.min(this.shape.records, this.arrived + 1 + this.scheduler.random.below(5))
    for (const workflow of this.workflows) workflow.wake()
    for (const tell of this.pollers.splice(0)) tell()
    return true
  }

  hasInput(executionId: string): boolean {
    return this.positionOf(this.tables.execution(executionId).lineageId) < this.arrived
  }

  lineages(): string[] {
    return [...this.tables.lineages.keys()]
  }

  positionOf(lineageId: string): number {
    const newest = this.tables.newestCompleted(lineageId) ?? this.forkedFrom(lineageId)
    return (newest?.positions.src?.position as number | undefined) ?? 0
  }

  forkedFrom(lineageId: string): CheckpointRow | null {
    const { forkedFrom } = this.tables.lineage(lineageId)
    return this.tables.checkpoints.find(({ checkpointId }) => checkpointId === forkedFrom) ?? null
  }

  private isComplete(lineageId: string): boolean {
    const { status, isStopped } = this.newestOf(lineageId)
    if (this.tables.lineage(lineageId).isDrained) return true
    return status === 'COMPLETED' && (!isStopped || this.positionOf(lineageId) >= this.endOf(lineageId))
  }

  /** Where it has nothing more to read. */
  endOf(lineageId: string): number {
    return this.tables.lineage(lineageId).isDrained ? this.positionOf(lineageId) : this.shape.records
  }

  private newestOf(lineageId: string): ExecutionRow {
    return [...this.tables.executions.values()].findLast((row) => row.lineageId === lineageId)!
  }

  private start(from: StartsFrom): void {
    this.accepted += 1
    const executionId = `${this.name}-${this.accepted}`
    this.tables.accept(executionId, this.version, from)
    this.workflows.push(new Workflow(this, executionId))
  }

  /** The reconciler sees to rows whose workflow has ended without telling. */
  ended({ executionId, outcome }: Workflow): void {
    if (outcome?.isStopped === true) this.ledger.met.add('an execution is stopped')
    if (outcome?.isDrained === true) this.ledger.met.add('an execution is drained')
    if (outcome?.status === 'CANCELLED') this.ledger.met.add('an execution is cancelled')
    if (outcome?.status === 'FAILED') this.ledger.met.add('an execution has failed')
    if (!isTerminal(this.tables.execution(executionId).status)) this.tables.closeLost(executionId)
  }

  async sleep(ms: number): Promise<void> {
    const due = this.nowMs + ms
    await this.scheduler.step(this.server, 'timer', `sleep ${ms} ms`, () => {
      this.sleptMs += Math.max(0, due - this.nowMs)
    })
  }

  recordOf(row: ExecutionRow, jobVersion: number): ExecutionRecord {
    const { executionId, lineageId, status, generation, attempt, memory, totals } = row
    return {
      ...{ executionId, lineageId, status, generation, attempt, totals, jobVersion },
      ...{ jobId: 'job', jobName: 'model', parameters: {}, logicalTime: '2026-01-01T00:00:00.000Z', startedAt: null },
      isBehind: this.isBehind(jobVersion, row),
      allowsNonRestoredState: false,
      graph: this.graphOf(jobVersion),
      settings: settingsOf(this.shape),
      bytes: noBytes,
      restartMemory: memory,
    }
  }

  private isBehind(jobVersion: number, row: ExecutionRow): boolean {
    if (jobVersion !== row.jobVersion) this.ledger.met.add('a plan of another version is at work')
    return jobVersion !== row.jobVersion
  }

  depsOf(process: Process): ActivityDeps {
    const none = async () => {
      throw new Error('There are no connections and no secrets here.')
    }
    const { graceMs, retained } = this.shape
    return {
      journal: journalOf(this, process),
      parts: {
        connectors: [
          { name: 'model', summary: '', source: mainSource(this, process), sink: this.target.connector(process) },
          { name: 'side', summary: '', source: sideSource(this, process) },
        ],
        operators: [],
        functions: functionsBelow(null, 'NOWHERE'),
        store: this.store.of(process),
        connection: none,
        secret: none,
        environment: {},
        files: { fileRoots: null, base: '' },
        scratch: '',
        memoryLimitBytes: 0,
        threads: 1,
      },
      runChain: modelChain(this, process),
      heartbeatTimeoutMs: 10_000,
      limits: async () => ({ ...defaultLimits, graceMs, retainedCheckpoints: retained }),
      now: () => this.nowMs,
      jitter: () => 0,
      signalAdmitted: async () => undefined,
    }
  }

  private strike({ kind, pick }: Fault<FaultKind>): void {
    const live = this.workflows.filter(({ outcome }) => outcome === null)
    const workflow = live[pick % Math.max(1, live.length)]
    const all = live.flatMap(({ attempts }) => [...attempts.outstanding])
    const attempt = all[pick % Math.max(1, all.length)]
    if (kind === 'FORK') this.fork(pick)
    if (kind === 'NEW_VERSION') this.version += 1
    if (kind === 'JOURNAL_AWAY') this.scheduler.journalAwayUntil = this.scheduler.tick + (pick % 60)
    if (workflow === undefined) return
    if (kind === 'CRASH') workflow.crash()
    else if (kind === 'POWER_CUT') this.cutPower(live)
    else if (kind === 'TAKEN_FOR_LOST') this.takeForLost(workflow)
    else if (kind === 'CANCEL') workflow.cancel()
    else if (kind === 'HAND_OVER') workflow.isToHandOver = true
    else if (isWish(kind)) workflow.wish(kind)
    if (attempt === undefined) return
    if (kind === 'CHECKPOINT_TIMEOUT' && attempt.name.includes('/')) attempt.giveUp('timeout')
    if (kind === 'GIVE_UP') attempt.giveUp('lost')
    if (kind === 'GIVE_UP' || kind === 'SLOW') attempt.process.asleepUntil = this.scheduler.tick + pick
  }

  private cutPower(live: readonly Workflow[]): void {
    for (const { attempts } of live)
      for (const { process, isLocal } of [...attempts.outstanding]) if (!isLocal) this.scheduler.kill(process)
    for (const workflow of live) workflow.crash()
  }

  /** Its row is closed and its lineage goes on in another execution, while it runs on. */
  private takeForLost(workflow: Workflow): void {
    this.tables.closeLost(workflow.executionId)
    const { lineageId } = this.tables.execution(workflow.executionId)
    const newest = this.newestOf(lineageId)
    if (newest.status !== 'FAILED' || this.tables.lineage(lineageId).isDrained) return
    this.ledger.met.add('an execution is taken for lost, and runs on')
    this.start({ restartOf: newest.executionId })
  }

  private fork(pick: number): void {
    const whole = this.tables.checkpoints.filter(
      ({ status, isDiscarded, next }) => status === 'COMPLETED' && !isDiscarded && next?.kind !== 'exhausted',
    )
    const chosen = whole[pick % Math.max(1, whole.length)]
    if (chosen === undefined || this.lineages().length > mostForks) return
    this.ledger.met.add('a fork begins')
    this.start({ forkedFrom: chosen.checkpointId })
  }
}

const allOver = 'all is over'
