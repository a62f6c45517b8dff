/**
 * The rows of the journal, and its transactions as models/stores/journal/ writes them: each happens as a whole. A journal of
 * MySQL and this one must refuse the same; where one is changed, so is the other.
 */
import { JobError } from '../../core/errors/job-error.js'
import type { StateHandle } from '../../core/execution/chain-task.js'
import type { Outcome, Owner } from '../../core/execution/effects.js'
import type { CheckpointCommit, SourceProgress, StoredFailure } from '../../core/execution/journal.js'
import type { Next, Plan } from '../../core/execution/plan.js'
import { addTotals, noTotals, type RecordTotals, totalsOfEpoch } from '../../core/execution/record-totals.js'
import { type HeldCheckpoint, type Needed, retain } from '../../core/execution/retention.js'
import { type ExecutionStatus, isTerminal, mayBecome } from '../../core/execution/status.js'
import type { JobGraph } from '../../core/graph/job-graph.js'
import type { Rejected } from '../../core/record/rejected.js'
import { type Evaluation, noFailures, type RestartMemory } from '../../core/restart/strategy.js'
import type { Situation } from './ledger.js'
import type { Mutant } from './mutants.js'

export interface ExecutionRow {
  readonly executionId: string
  readonly lineageId: string
  readonly jobVersion: number
  readonly forkedFrom: string | null
  readonly status: ExecutionStatus
  readonly generation: number
  readonly attempt: number
  readonly memory: RestartMemory
  readonly totals: RecordTotals
  readonly isStopped: boolean
}

export interface LineageRow {
  readonly lineageId: string
  readonly owner: string | null
  readonly generation: number
  readonly forkedFrom: string | null
  readonly isDrained: boolean
}

export interface CheckpointRow {
  readonly checkpointId: string
  readonly lineageId: string
  readonly executionId: string
  readonly epoch: number
  readonly phase: number
  readonly type: 'PERIODIC' | 'SAVEPOINT'
  readonly status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' | 'DROPPED'
  readonly jobVersion: number
  readonly generation: number
  readonly attempt: number
  readonly plan: Plan
  readonly positions: Readonly<Record<string, SourceProgress>>
  readonly next: Next | null
  readonly isDiscarded: boolean
}

/** Nothing: a new lineage from the beginning. */
export interface StartsFrom {
  readonly restartOf?: string
  readonly forkedFrom?: string
}

export class Tables {
  readonly executions = new Map<string, ExecutionRow>()
  readonly lineages = new Map<string, LineageRow>()
  readonly checkpoints: CheckpointRow[] = []
  /** By checkpoint. */
  readonly states = new Map<string, readonly StateHandle[]>()
  readonly deadLetters: { readonly lineageId: string; readonly rejected: Rejected }[] = []
  readonly restarts: StoredFailure[] = []
  private ids = 0

  constructor(
    /** Of a version of the job. */
    private readonly graphOf: (version: number) => JobGraph,
    private readonly mutant: Mutant | null,
    private readonly met: (situation: Situation) => void,
  ) {}

  execution(executionId: string): ExecutionRow {
    const row = this.executions.get(executionId)
    if (row === undefined) throw new JobError('not.found', `There is no execution ${executionId}.`)
    return row
  }

  lineage(lineageId: string): LineageRow {
    return this.lineages.get(lineageId)!
  }

  /** createExecution: `forkedFrom`: a checkpoint that has its state. */
  accept(executionId: string, jobVersion: number, from: StartsFrom): void {
    const lineageId =
      from.restartOf === undefined ? `lineage-of-${executionId}` : this.execution(from.restartOf).lineageId
    const others = [...this.executions.values()].filter((row) => row.lineageId === lineageId)
    if (others.some(({ status }) => !isTerminal(status))) throw new JobError('conflict', 'It has not ended.')
    if (this.lineages.get(lineageId)?.isDrained === true) throw new JobError('conflict', 'It was drained.')
    const forkedFrom = from.forkedFrom ?? this.lineages.get(lineageId)?.forkedFrom ?? null
    if (from.restartOf === undefined)
      this.lineages.set(lineageId, { lineageId, owner: null, generation: 0, forkedFrom, isDrained: false })
    this.executions.set(executionId, {
      executionId,
      lineageId,
      jobVersion,
      forkedFrom,
      status: 'CREATED',
      generation: 0,
      attempt: 0,
      memory: noFailures,
      totals: noTotals,
      isStopped: false,
    })
  }

  admit(executionId: string): Owner {
    const execution = this.execution(executionId)
    if (isTerminal(execution.status)) throw new JobError('fenced', `${executionId} has ended as ${execution.status}.`)
    if (execution.status === 'CREATED') this.takeLineage(execution)
    const { generation, attempt } = this.execution(executionId)
    return { executionId, generation, attempt }
  }

  private takeLineage(execution: ExecutionRow): void {
    const lineage = this.lineage(execution.lineageId)
    const generation = lineage.generation + 1
    this.lineages.set(lineage.lineageId, { ...lineage, owner: execution.executionId, generation })
    this.updateCheckpoints(lineage.lineageId, 'FAILED', 'IN_PROGRESS')
    this.change(execution, { status: 'RUNNING', generation })
  }

  storePlan(owner: Owner, plan: Plan): Plan {
    const execution = this.owned(owner)
    if (execution.status === 'RESTARTING') this.change(execution, { status: 'RUNNING' })
    return this.insertPlan(execution, plan)
  }

  private insertPlan({ lineageId, executionId, jobVersion, generation, attempt }: ExecutionRow, plan: Plan): Plan {
    const stored = this.row(lineageId, plan.epoch)
    if (this.mutant === 'plans again' && stored !== null && stored.status !== 'COMPLETED') {
      this.replace(stored, { plan })
      return plan
    }
    const isOver = stored?.status === 'COMPLETED' || stored?.status === 'DROPPED'
    if (stored !== null) this.met('a stored plan is the answer')
    if (stored !== null && !(this.mutant === 'numbers again' && isOver)) return stored.plan
    this.checkpoints.push({
      checkpointId: this.newId(),
      lineageId,
      executionId,
      epoch: plan.epoch,
      phase: plan.phase,
      type: 'PERIODIC',
      status: 'IN_PROGRESS',
      jobVersion,
      generation,
      attempt,
      plan,
      positions: {},
      next: null,
      isDiscarded: false,
    })
    return plan
  }

  completeCheckpoint(owner: Owner, commit: CheckpointCommit): Next {
    const execution =
      this.mutant === 'checkpoints without owner' ? this.execution(owner.executionId) : this.ofGeneration(owner)
    const row = this.row(execution.lineageId, commit.epoch)
    if (row?.status === 'COMPLETED') this.met('a stored checkpoint is the answer')
    if (row?.status === 'COMPLETED' && row.next !== null && this.mutant !== 'commits again') return row.next
    if (
      this.mutant !== 'checkpoints without owner' &&
      (execution.attempt !== owner.attempt || isTerminal(execution.status))
    )
      throw this.fenced(owner)
    if (row === null || row.status === 'DROPPED')
      throw new JobError('fenced', `Epoch ${commit.epoch} has no plan any more.`)
    const next = this.planNext(execution, commit)
    this.replace(row, {
      status: 'COMPLETED',
      executionId: execution.executionId,
      generation: execution.generation,
      attempt: execution.attempt,
      positions: commit.positions,
      next,
    })
    this.states.set(row.checkpointId, commit.states)
    if (row.plan.drains === true) this.lineages.set(row.lineageId, { ...this.lineage(row.lineageId), isDrained: true })
    for (const rejected of commit.rejected) this.deadLetters.push({ lineageId: row.lineageId, rejected })
    this.change(execution, {
      totals: addTotals(
        execution.totals,
        totalsOfEpoch(this.graphOf(commit.jobVersion), commit.phase, commit.counters),
      ),
      ...(execution.status === 'RESTARTING' ? { status: 'RUNNING' as const } : {}),
    })
    return next
  }

  /** Broken on purpose: the half of a commit. */
  advancePositions(owner: Owner, { positions }: CheckpointCommit): void {
    const newest = this.newestCompleted(this.ofGeneration(owner).lineageId)
    if (newest !== null) this.replace(newest, { positions })
  }

  private planNext(execution: ExecutionRow, { nextPlan, next }: CheckpointCommit): Next {
    if (nextPlan === null) return next
    const { epoch, phase } = this.insertPlan(execution, nextPlan)
    return { kind: 'plan', epoch, phase, notBefore: next.kind === 'plan' ? next.notBefore : null }
  }

  raiseAttempt(owner: Owner): Owner {
    const execution = this.ofGeneration(owner)
    const attempt = owner.attempt + 1
    if (isTerminal(execution.status)) throw this.fenced(owner)
    if (execution.attempt === attempt) return { ...owner, attempt }
    if (execution.attempt !== owner.attempt) throw this.fenced(owner)
    this.change(execution, { attempt })
    return { ...owner, attempt }
  }

  settlePlan(owner: Owner, epoch: number, isShown: boolean): boolean {
    const { lineageId } = this.owned(owner)
    const row = this.row(lineageId, epoch)
    if (row === null || row.status === 'DROPPED') return true
    if (row.status === 'COMPLETED') return false
    const { generation, attempt } = owner
    if (row.generation === generation && row.attempt === attempt) return false
    const keeps = isShown && this.mutant !== 'drops what is shown'
    this.replace(row, { generation, attempt, ...(keeps ? {} : { status: 'DROPPED' as const }) })
    this.met(keeps ? 'a plan that a sink shows is kept' : 'a plan is dropped')
    return !keeps
  }

  storeRestart(owner: Owner, failure: StoredFailure, { decision, memory }: Evaluation): Owner {
    const execution = owner.generation === 0 ? this.execution(owner.executionId) : this.ofGeneration(owner)
    if (execution.attempt === owner.attempt + 1) return { ...owner, attempt: execution.attempt }
    if (execution.attempt !== owner.attempt || isTerminal(execution.status)) throw this.fenced(owner)
    const attempt = execution.attempt + (decision === 'RESTART' ? 1 : 0)
    const restarts = decision === 'RESTART' && execution.status === 'RUNNING'
    this.change(execution, { attempt, memory, ...(restarts ? { status: 'RESTARTING' as const } : {}) })
    this.restarts.push(failure)
    return { ...owner, attempt }
  }

  setStatus(owner: Owner, status: ExecutionStatus): void {
    const execution = this.ofGeneration(owner)
    if (execution.status === status) return
    if (!mayBecome(execution.status, status)) throw new JobError('conflict', `${execution.status} is not ${status}.`)
    this.change(execution, { status })
  }

  takeSavepoint(owner: Owner): string | null {
    const { lineageId, executionId } = this.owned(owner)
    const newest = this.newestCompleted(lineageId)
    if (newest === null) return null
    const before = this.checkpoints.find(
      (row) => row.lineageId === lineageId && row.epoch === newest.epoch && row.type === 'SAVEPOINT',
    )
    if (before !== undefined) return before.checkpointId
    const copy: CheckpointRow = { ...newest, checkpointId: this.newId(), executionId, type: 'SAVEPOINT' }
    this.checkpoints.push(copy)
    this.states.set(copy.checkpointId, this.states.get(newest.checkpointId) ?? [])
    return copy.checkpointId
  }

  giveUpOld(lineageId: string, retained: number, isOver: boolean): Needed {
    const held = this.held(lineageId)
    const { kept, discarded, before } = retain(held, retained)
    for (const row of [...this.checkpoints]) {
      if (!discarded.includes(row.checkpointId)) continue
      this.replace(row, { isDiscarded: true })
      this.states.delete(row.checkpointId)
    }
    const newest = Math.max(0, ...held.map(({ epoch }) => epoch))
    const named = kept.flatMap((id) => (this.states.get(id) ?? []).map(({ path }) => path))
    return { named: new Set(this.mutant === 'collects too much' ? [] : named), before: isOver ? newest + 1 : before }
  }

  private held(lineageId: string): HeldCheckpoint[] {
    const forked = new Set([...this.lineages.values()].map(({ forkedFrom }) => forkedFrom))
    return this.checkpoints
      .filter((row) => row.lineageId === lineageId && row.status === 'COMPLETED' && !row.isDiscarded)
      .map(({ checkpointId, epoch, type }) => ({ checkpointId, epoch, type, isForked: forked.has(checkpointId) }))
  }

  finish(owner: Owner, outcome: Outcome, retained: number) {
    const execution = this.execution(owner.executionId)
    const lineage = this.lineage(execution.lineageId)
    const isLatest = lineage.owner === owner.executionId
    const stored = execution.status
    if (!isTerminal(stored)) {
      const owns = isLatest && lineage.generation === owner.generation
      if (execution.generation !== owner.generation || (owner.generation > 0 && !owns)) throw this.fenced(owner)
      this.close(execution, outcome)
    }
    const status = isTerminal(stored) ? stored : outcome.status
    const givesUp = status === 'COMPLETED' && isLatest
    return { status, admitted: [], needed: givesUp ? this.giveUpOld(lineage.lineageId, retained, true) : null }
  }

  /** The reconciler takes its workflow for gone. */
  closeLost(executionId: string): void {
    const execution = this.execution(executionId)
    if (!isTerminal(execution.status)) this.close(execution, { status: 'FAILED', error: null })
  }

  private close(execution: ExecutionRow, { status, isStopped = false, isDrained = false }: Outcome): void {
    const { lineageId } = execution
    if (status !== 'COMPLETED' && execution.generation > 0) this.updateCheckpoints(lineageId, 'IN_PROGRESS', 'FAILED')
    if (isDrained) this.lineages.set(lineageId, { ...this.lineage(lineageId), isDrained })
    this.change(execution, { status, isStopped })
  }

  /** Periodic ones, newest first. */
  periodic(lineageId: string): CheckpointRow[] {
    return this.checkpoints
      .filter((row) => row.lineageId === lineageId && row.type === 'PERIODIC')
      .sort((a, b) => b.epoch - a.epoch)
  }

  newestCompleted(lineageId: string): CheckpointRow | null {
    return this.periodic(lineageId).find((row) => row.status === 'COMPLETED') ?? null
  }

  row(lineageId: string, epoch: number): CheckpointRow | null {
    return this.periodic(lineageId).find((row) => row.epoch === epoch) ?? null
  }

  private owned(owner: Owner): ExecutionRow {
    const execution = this.ofGeneration(owner)
    if (execution.attempt !== owner.attempt || isTerminal(execution.status)) throw this.fenced(owner)
    return execution
  }

  private ofGeneration(owner: Owner): ExecutionRow {
    const execution = this.execution(owner.executionId)
    const lineage = this.lineage(execution.lineageId)
    const owns = lineage.owner === owner.executionId && lineage.generation === owner.generation
    if (!owns || execution.generation !== owner.generation) throw this.fenced(owner)
    return execution
  }

  private change(row: ExecutionRow, change: Partial<ExecutionRow>): void {
    this.executions.set(row.executionId, { ...this.execution(row.executionId), ...change })
  }

  private replace(row: CheckpointRow, change: Partial<CheckpointRow>): void {
    this.checkpoints[this.checkpoints.indexOf(row)] = { ...row, ...change }
  }

  private updateCheckpoints(lineageId: string, from: CheckpointRow['status'], to: CheckpointRow['status']): void {
    for (const row of this.checkpoints.filter((each) => each.lineageId === lineageId && each.status === from))
      this.replace(row, { status: to })
  }

  private newId(): string {
    this.ids += 1
    return `checkpoint-${this.ids}`
  }

  private fenced(owner: Owner): JobError {
    this.met('a stale owner is refused')
    return new JobError('fenced', `${owner.executionId} does not own its lineage any more.`)
  }
}
