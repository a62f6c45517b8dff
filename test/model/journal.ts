/** The journal of MySQL in memory, as one process sees it: a transaction is a step, and what is read in several queries several. */

import { carryOver } from '../../core/execution/carry-over.js'
import type { Journal, Standing } from '../../core/execution/journal.js'
import type { Process, Scheduler } from './scheduler.js'
import type { CheckpointRow, ExecutionRow } from './tables.js'
import type { World } from './world.js'

export function journalOf(world: World, process: Process): Journal {
  const { tables, scheduler, mutant } = world
  const step = stepOf(scheduler, process)
  const newestOf = async (lineageId: string): Promise<Newest> => {
    const all = await step('newest checkpoints', () => newestRows(world, lineageId, false))
    const isDropped = all.some(({ status }) => status === 'DROPPED')
    const rows = isDropped ? await step('newest not dropped', () => newestRows(world, lineageId, true)) : all
    return {
      completed: rows.find(({ status }) => status === 'COMPLETED') ?? null,
      pending: rows.find(({ status }) => status !== 'COMPLETED') ?? null,
      used: (mutant === 'numbers again' ? rows : all)[0]?.epoch ?? 0,
    }
  }
  const standing = async (executionId: string, execution: ExecutionRow | null): Promise<Standing> => {
    const { lineageId } = tables.execution(executionId)
    const [row, { completed, pending, used }] = await Promise.all([
      execution ?? step('execution', () => tables.execution(executionId)),
      newestOf(lineageId),
    ])
    const atWork = pending?.jobVersion ?? row.jobVersion
    const from = completed ?? world.forkedFrom(lineageId)
    const states = from === null ? [] : await step('states', () => tables.states.get(from.checkpointId) ?? [])
    const restored = from === null ? null : { ...from, states, next: from.next ?? ({ kind: 'unplanned' } as const) }
    const carried =
      restored === null || restored.jobVersion === atWork
        ? { restored, unfit: [] }
        : carryOver(restored, world.graphOf(restored.jobVersion), world.graphOf(atWork))
    return {
      record: world.recordOf(row, atWork),
      ...carried,
      pending: pending?.plan ?? null,
      used: Math.max(used, from?.epoch ?? 0),
    }
  }
  return {
    admit: async (executionId) => {
      const owner = await step('admit', () => tables.admit(executionId))
      const found = await standing(executionId, tables.execution(executionId))
      const before = (found.pending?.epoch ?? found.used + 1) - 1
      const read = mutant === 'plans again' ? { ...found, pending: null, used: before } : found
      return { kind: 'admitted', owner, standing: read }
    },
    standing: (executionId) => standing(executionId, null),
    storePlan: (owner, plan) => step(`plan ${plan.epoch}`, () => tables.storePlan(owner, copied(plan))),
    raiseAttempt: (owner) => step('raise the attempt', () => tables.raiseAttempt(owner)),
    settlePlan: (owner, epoch, isShown) =>
      step(`settle ${epoch}`, () => {
        const isDropped = tables.settlePlan(owner, epoch, isShown)
        if (isDropped) world.rules.dropped(tables.execution(owner.executionId).lineageId, epoch)
        return isDropped
      }),
    completeCheckpoint: async (owner, commit) => {
      if (mutant === 'positions apart') await step('positions', () => world.tables.advancePositions(owner, commit))
      return await step(`complete ${commit.epoch}`, () => {
        const lineage = tables.lineage(tables.execution(owner.executionId).lineageId)
        const before = tables.newestCompleted(lineage.lineageId)?.epoch ?? 0
        const next = tables.completeCheckpoint(owner, copied(commit))
        world.rules.completed(owner, commit, before)
        return next
      })
    },
    progress: async () => undefined,
    storeRestart: (owner, failure, evaluation) =>
      step('restart', () => {
        world.rules.restarts(failure)
        return tables.storeRestart(owner, failure, evaluation)
      }),
    event: (_, event) => step(`event ${event.type}`, () => world.rules.event(event)),
    setStatus: (owner, status) => step(`status ${status}`, () => tables.setStatus(owner, status)),
    takeSavepoint: (owner) => step('savepoint', () => tables.takeSavepoint(owner)),
    retain: (executionId, retained) =>
      step('retain', () => tables.giveUpOld(tables.execution(executionId).lineageId, retained, false)),
    finish: (owner, outcome, retained) =>
      step(`finish ${outcome.status}`, () => tables.finish(owner, outcome, retained)),
  }
}

interface Newest {
  readonly completed: CheckpointRow | null
  readonly pending: CheckpointRow | null
  readonly used: number
}

/** At most two: only the epoch after the newest complete one can be pending. */
function newestRows(
  { tables, mutant, rules }: World,
  lineageId: string,
  notDropped: boolean,
): readonly CheckpointRow[] {
  rules.standing(lineageId)
  const rows = tables.periodic(lineageId).filter(({ status }) => !notDropped || status !== 'DROPPED')
  const complete = rows.filter(({ status }) => status === 'COMPLETED')
  const isOld = mutant === 'older restore' && tables.lineage(lineageId).generation > 1 && complete.length > 1
  return rows.filter((row) => !isOld || row !== complete[0]).slice(0, 2)
}

const stepOf = (scheduler: Scheduler, process: Process) => {
  return <T>(what: string, effect: () => T) => scheduler.step(process, 'journal', what, effect)
}

/** What is stored is JSON, and nobody else's any more. */
const copied = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
