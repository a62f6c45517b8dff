/** The journal of MySQL in memory, as one process sees it: a transaction is a step, and what is read in several queries several. */
import type { Journal, Standing } from '../../core/execution/journal.js'
import type { Process, Scheduler } from './scheduler.js'
import type { CheckpointRow, ExecutionRow } from './tables.js'
import type { World } from './world.js'

export function journalOf(world: World, process: Process): Journal {
  const { tables, scheduler, mutant } = world
  const step = stepOf(scheduler, process)
  const standing = async (executionId: string, execution: ExecutionRow | null): Promise<Standing> => {
    const { lineageId } = tables.execution(executionId)
    const [row, newest] = await Promise.all([
      execution ?? step('execution', () => tables.execution(executionId)),
      step('newest checkpoints', () => newestOf(world, lineageId)),
    ])
    const completed = newest.find(({ status }) => status === 'COMPLETED')
    const forkedFrom = tables.checkpoints.find(({ checkpointId }) => checkpointId === row.forkedFrom)
    const from = completed ?? forkedFrom ?? null
    const states = from === null ? [] : await step('states', () => tables.states.get(from.checkpointId) ?? [])
    const pending = newest.find(({ status }) => status !== 'COMPLETED')?.plan ?? null
    return {
      record: world.recordOf(row),
      restored: from === null ? null : { ...from, states, next: from.next ?? { kind: 'unplanned' } },
      pending,
    }
  }
  return {
    admit: async (executionId) => {
      const owner = await step('admit', () => tables.admit(executionId))
      const found = await standing(executionId, tables.execution(executionId))
      const read = mutant === 'plans again' ? { ...found, pending: null } : found
      return { kind: 'admitted', owner, standing: read }
    },
    standing: (executionId) => standing(executionId, null),
    storePlan: (owner, plan) => step(`plan ${plan.epoch}`, () => tables.storePlan(owner, copied(plan))),
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
    finish: (owner, status, error, retained, isStopped = false) =>
      step(`finish ${status}`, () => tables.finish(owner, status, error, retained, isStopped)),
  }
}

/** At most two: only the epoch after the newest complete one can be pending. */
function newestOf({ tables, mutant, rules }: World, lineageId: string): readonly CheckpointRow[] {
  rules.standing(lineageId)
  const rows = tables.periodic(lineageId)
  const complete = rows.filter(({ status }) => status === 'COMPLETED')
  if (mutant !== 'older restore' || tables.lineage(lineageId).generation === 1 || complete.length < 2)
    return rows.slice(0, 2)
  return rows.filter((row) => row !== complete[0]).slice(0, 2)
}

const stepOf = (scheduler: Scheduler, process: Process) => {
  return <T>(what: string, effect: () => T) => scheduler.step(process, 'journal', what, effect)
}

/** What is stored is JSON, and nobody else's any more. */
const copied = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
