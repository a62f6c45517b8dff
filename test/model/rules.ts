/** The invariants, asked where something happens that could break them. */
import type { Mark, SinkKey } from '../../connectors/spi.js'
import type { Owner } from '../../core/execution/effects.js'
import { compareFences, type Fence } from '../../core/execution/fence.js'
import type { CheckpointCommit, ExecutionEvent, StoredFailure } from '../../core/execution/journal.js'
import type { ChainRun } from '../../engine/chain-run.js'
import { countsAt, recordMark } from './job.js'
import type { Invariant } from './ledger.js'
import type { Process } from './scheduler.js'
import type { CheckpointRow } from './tables.js'
import type { World } from './world.js'

const mostCrossing = 64 * 1024

export class Rules {
  /** What each process that runs a chain was told. */
  private readonly runOf = new Map<Process, ChainRun>()
  private readonly plans = new Map<string, string>()
  private readonly outputs = new Map<string, string>()
  private readonly commits = new Set<string>()

  constructor(private readonly world: World) {}

  /** I1: it is durable by now, and the same as ever. */
  runs(process: Process, run: ChainRun): void {
    this.runOf.set(process, run)
    const place = `epoch ${run.plan.epoch} of ${run.lineageId}`
    const plan = JSON.stringify(run.plan)
    const stored = this.world.tables.row(run.lineageId, run.plan.epoch)
    this.holds('I1', stored !== null, () => `${place} runs, and its plan is not stored`)
    this.holds('I1', (this.plans.get(place) ?? plan) === plan, () => `${place} runs with another plan than before`)
    this.plans.set(place, plan)
  }

  /** I9: whoever runs it, and whenever: with the same plan and state before, it gives the same. */
  gives(run: ChainRun, output: unknown): void {
    const { lineageId, vertexId, subtask, plan, states } = run
    // Who comes too late for an epoch finds what it was made of gone, and is heard by nobody.
    if ((this.world.tables.newestCompleted(lineageId)?.epoch ?? 0) >= plan.epoch) return
    const known = states.map(({ nodeId, subtask: of, name, path }) => [
      nodeId,
      of,
      name,
      this.world.store.objects.get(path)?.text,
    ])
    const place = JSON.stringify([lineageId, vertexId, subtask, plan, known])
    const given = JSON.stringify(output)
    this.holds(
      'I9',
      (this.outputs.get(place) ?? given) === given,
      () => `another output of ${vertexId}/${subtask} in epoch ${plan.epoch}`,
    )
    this.outputs.set(place, given)
  }

  sinkCommits(process: Process, key: SinkKey, mark: Mark, fence: Fence, newest: Fence): void {
    const place = `${key.sinkUid}/${key.subtask} in epoch ${mark.epoch} of ${key.lineageId}`
    this.holds('I2', compareFences(fence, newest) >= 0, () => `${place} is committed with an older fence`)
    this.holds('I2', !this.commits.has(place), () => `${place} is committed twice`)
    this.commits.add(place)
    const { tables } = this.world
    const run = this.runOf.get(process)!
    const pending = tables.row(key.lineageId, mark.epoch)
    this.holds(
      'I1',
      pending !== null && pending.status !== 'COMPLETED' && pending.status !== 'DROPPED',
      () => `${place} is committed, and is not pending`,
    )
    this.holds(
      'I1',
      JSON.stringify(pending?.plan) === JSON.stringify(run.plan),
      () => `${place} is not what was planned`,
    )
    const newestComplete = tables.newestCompleted(key.lineageId) ?? this.world.forkedFrom(key.lineageId)
    const isThere = position(run.positions.src) === position(newestComplete?.positions.src)
    this.holds('I4', isThere, () => `${place} does not begin at the last checkpoint`)
  }

  /** I1: no sink shows anything of it. */
  dropped(lineageId: string, epoch: number): void {
    const shown = [...this.commits].find((place) => place.endsWith(` in epoch ${epoch} of ${lineageId}`))
    this.holds('I1', shown === undefined, () => `the plan of epoch ${epoch} is dropped, and ${shown} is visible`)
  }

  /** Of a transaction that has just been. `before`: the newest complete epoch before it. */
  completed(owner: Owner, commit: CheckpointCommit, before: number): void {
    if (before >= commit.epoch) return
    const { tables } = this.world
    const execution = tables.execution(owner.executionId)
    const lineage = tables.lineage(execution.lineageId)
    const owns = lineage.owner === owner.executionId && lineage.generation === owner.generation
    this.holds(
      'I3',
      owns && execution.attempt === owner.attempt,
      () => `epoch ${commit.epoch} is completed by a stale owner`,
    )
    for (const event of commit.events) this.event(event)
    this.standing(lineage.lineageId)
  }

  /** I3: positions and state are of the same time. I1: a number is used once. */
  standing(lineageId: string): void {
    const { tables } = this.world
    const epochs = tables.periodic(lineageId).map(({ epoch }) => epoch)
    this.holds('I1', new Set(epochs).size === epochs.length, () => `epochs ${epochs.join(', ')} of ${lineageId}`)
    for (const row of tables.checkpoints)
      if (row.lineageId === lineageId && row.status === 'COMPLETED' && !row.isDiscarded) this.agrees(row)
  }

  private agrees({ checkpointId, positions, epoch }: CheckpointRow): void {
    const { tables, store, shape } = this.world
    const counts = new Map<number, number>()
    let side = 0
    for (const { name, path, subtask } of tables.states.get(checkpointId) ?? []) {
      const text = store.objects.get(path)?.text
      this.holds('I5', text !== undefined, () => `${path} is named by the checkpoint of epoch ${epoch}, and is gone`)
      if (text === undefined) return
      if (name === 'counts') for (const [key, count] of JSON.parse(text) as [number, number][]) counts.set(key, count)
      else if (subtask === 0) side += (JSON.parse(text) as unknown[]).length
    }
    const wanted = countsAt(shape, position(positions.src))
    const sorted = (map: ReadonlyMap<number, number>) => JSON.stringify([...map].sort())
    this.holds(
      'I3',
      sorted(counts) === sorted(wanted),
      () => `the keyed state of epoch ${epoch} is not that of its positions`,
    )
    this.holds(
      'I3',
      side === position(positions.side),
      () => `the side input of epoch ${epoch} is not that of its positions`,
    )
  }

  event({ type, message }: ExecutionEvent): void {
    this.holds('I8', type !== 'ACCOUNTING_MISMATCH', () => message)
  }

  /** I7: it is waited for, and is nobody's failure. */
  restarts({ error }: StoredFailure): void {
    this.holds('I7', error.code !== 'mysql.away', () => 'an execution restarts because the journal is away')
  }

  /** I6: to a workflow, from it, or in a heartbeat. */
  crosses(what: string, value: unknown): void {
    const text = JSON.stringify(value) ?? ''
    this.holds('I6', text.length < mostCrossing, () => `${what} has ${text.length} characters`)
    this.holds('I6', !text.includes(recordMark), () => `${what} tells records: ${text}`)
  }

  /** I5: a kept checkpoint names it, or it belongs to an epoch that is pending or to come. */
  isNeeded(key: string): boolean {
    const { tables } = this.world
    for (const row of tables.checkpoints) {
      if (row.status !== 'COMPLETED' || row.isDiscarded) continue
      if ((tables.states.get(row.checkpointId) ?? []).some(({ path }) => path === key)) return true
    }
    const found = /^lineage\/([^/]+)\/(?:.*\/\d{6,}-\d{6,}-(\d{9,})-\d{4,}|capture\/[^/]+\/(\d+)\/)/.exec(key)
    if (found === null) return true
    const newest = tables.newestCompleted(found[1]!)?.epoch ?? 0
    return Number(found[2] ?? found[3]) > newest
  }

  private holds(invariant: Invariant, holds: boolean, message: () => string): void {
    this.world.ledger.mustHold(invariant, holds, message)
  }
}

function position(progress: { readonly position: unknown } | undefined): number {
  return (progress?.position as number | null | undefined) ?? 0
}
