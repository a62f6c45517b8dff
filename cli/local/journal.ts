/** The journal of `etl run`: one folder, JSON files that are replaced whole, so that an interrupted run can go on. */
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { JobError, type ReportedError } from '../../core/errors/job-error.js'
import type { Owner } from '../../core/execution/effects.js'
import type {
  CheckpointCommit,
  CompletedCheckpoint,
  ExecutionEvent,
  ExecutionRecord,
  Journal,
  Standing,
} from '../../core/execution/journal.js'
import type { Plan } from '../../core/execution/plan.js'
import { addTotals, noTotals, type RecordTotals, totalsOfEpoch } from '../../core/execution/record-totals.js'
import { type ExecutionReport, operatorReports } from '../../core/execution/report.js'
import { isTerminal } from '../../core/execution/status.js'
import { type Counters, sumCounters } from '../../core/record/counters.js'

/** Everything but plans, in one file: what a commit changes changes together. */
export interface LocalState {
  readonly record: ExecutionRecord
  readonly completed: CompletedCheckpoint | null
  /** The newest epoch whose plan was dropped. */
  readonly dropped?: number
  readonly totals: RecordTotals
  readonly counters: Readonly<Record<string, Counters>>
  readonly epochs: number
  readonly restarts: number
  readonly durationMs: number
  readonly error: ReportedError | null
}

export interface LocalJournal extends Journal {
  report(): ExecutionReport
}

export async function readState(folder: string): Promise<LocalState | null> {
  const text = await readFile(join(folder, 'execution.json'), 'utf8').catch(() => null)
  return text === null ? null : (JSON.parse(text) as LocalState)
}

/** Takes away what a run has put there, and nothing else: the folder may be any that a person has named. */
export async function clearState(folder: string): Promise<void> {
  for (const name of ['execution.json', 'dead-letters.jsonl', 'checkpoints', 'store'])
    await rm(join(folder, name), { recursive: true, force: true })
}

export function freshState(record: ExecutionRecord): LocalState {
  return {
    record,
    completed: null,
    totals: noTotals,
    counters: {},
    epochs: 0,
    restarts: 0,
    durationMs: 0,
    error: null,
  }
}

/** Raises the generation: whoever held the folder before is fenced. */
export async function openJournal(folder: string, initial: LocalState, onEvent: (event: ExecutionEvent) => void) {
  await mkdir(join(folder, 'checkpoints'), { recursive: true })
  const beganMs = Date.now() - initial.durationMs
  let state: LocalState = {
    ...initial,
    error: null,
    record: { ...initial.record, generation: initial.record.generation + 1, status: 'RUNNING' },
  }
  const save = async (next: LocalState) => {
    // The lock is seen by this machine only; the generation by all who share the folder.
    const newer = (await readState(folder))?.record
    if (newer?.executionId === state.record.executionId && newer.generation > state.record.generation)
      throw new JobError('fenced', `Another run has taken over ${folder}.`)
    state = { ...next, durationMs: Date.now() - beganMs }
    await replace(join(folder, 'execution.json'), JSON.stringify(state))
  }
  await save(state)

  const own = (owner: Owner) => {
    if (owner.generation !== state.record.generation || owner.attempt !== state.record.attempt)
      throw new JobError('fenced', 'A newer attempt has taken over.')
  }
  const stored = async (epoch: number): Promise<Plan | null> => {
    const text = await readFile(rowFile(folder, epoch), 'utf8').catch(() => null)
    return text === null ? null : (JSON.parse(text) as { plan: Plan }).plan
  }
  const standing = async (): Promise<Standing> => ({
    record: { ...state.record, totals: state.totals },
    restored: state.completed,
    pending: await stored(usedBy(state) + 1),
    used: usedBy(state),
    unfit: [],
  })
  const write = async (plan: Plan) => {
    await replace(rowFile(folder, plan.epoch), JSON.stringify({ plan }))
    return plan
  }

  const journal: LocalJournal = {
    admit: async (executionId) => {
      const { generation, attempt } = state.record
      return { kind: 'admitted', owner: { executionId, generation, attempt }, standing: await standing() }
    },
    standing,
    storePlan: async (owner, plan) => {
      own(owner)
      return (await stored(plan.epoch)) ?? (await write(plan))
    },
    ...dropping({ own, now: () => state, save }),
    completeCheckpoint: async (owner, commit) => {
      own(owner)
      if (state.completed !== null && state.completed.epoch >= commit.epoch) return state.completed.next
      if (commit.nextPlan !== null) await write(commit.nextPlan)
      if (commit.rejected.length > 0)
        await append(
          folder,
          'dead-letters.jsonl',
          commit.rejected.map((record) => JSON.stringify(record)),
        )
      await save(commitTo(state, commit))
      for (const event of commit.events) onEvent(event)
      await removeRowsBefore(folder, commit.epoch)
      return commit.next
    },
    progress: async () => undefined,
    storeRestart: async (owner, failure, evaluation) => {
      own(owner)
      const restarted = evaluation.decision === 'RESTART'
      onEvent({
        type: 'RESTART_DECIDED',
        level: 'WARNING',
        code: failure.error.code,
        message: `${failure.error.message} ${evaluation.reason}`,
      })
      const attempt = state.record.attempt + (restarted ? 1 : 0)
      const record = { ...state.record, attempt, restartMemory: evaluation.memory }
      await save({ ...state, record, restarts: state.restarts + (restarted ? 1 : 0) })
      return { ...owner, attempt }
    },
    event: async (_, event) => onEvent(event),
    setStatus: async (_, status) => await save({ ...state, record: { ...state.record, status } }),
    // One checkpoint is kept, and nothing thins it out.
    takeSavepoint: async () => state.completed?.checkpointId ?? null,
    finish: async (_, { status, error }) => {
      const stored = state.record.status
      if (isTerminal(stored)) return { status: stored, admitted: [], needed: null }
      await save({ ...state, error, record: { ...state.record, status } })
      return { status, admitted: [], needed: null }
    },
    report: () => reportOf(state),
  }
  return journal
}

interface Kept {
  readonly own: (owner: Owner) => void
  readonly now: () => LocalState
  readonly save: (next: LocalState) => Promise<void>
}

function dropping({ own, now, save }: Kept): Pick<Journal, 'raiseAttempt' | 'settlePlan'> {
  return {
    raiseAttempt: async (owner) => {
      own(owner)
      const attempt = owner.attempt + 1
      await save({ ...now(), record: { ...now().record, attempt } })
      return { ...owner, attempt }
    },
    settlePlan: async (owner, epoch, isShown) => {
      own(owner)
      if (!isShown) await save({ ...now(), dropped: epoch })
      return !isShown
    },
  }
}

/** Numbers of dropped plans stay used (I1). */
function usedBy({ completed, dropped }: LocalState): number {
  return Math.max(completed?.epoch ?? 0, dropped ?? 0)
}

function commitTo(state: LocalState, commit: CheckpointCommit): LocalState {
  const { epoch, phase, positions, states, watermarks = {}, next } = commit
  return {
    ...state,
    counters: sumCounters(state.counters, commit.counters),
    totals: addTotals(state.totals, totalsOfEpoch(state.record.graph, phase, commit.counters)),
    epochs: state.epochs + 1,
    completed: { checkpointId: checkpointId(state, epoch), epoch, phase, positions, states, watermarks, next },
  }
}

function reportOf(state: LocalState): ExecutionReport {
  return {
    executionId: state.record.executionId,
    jobId: state.record.jobId,
    jobName: state.record.jobName,
    jobVersion: state.record.jobVersion,
    status: state.record.status,
    records: state.totals,
    epochs: state.epochs,
    restarts: state.restarts,
    durationMs: state.durationMs,
    lastCheckpointId: state.completed?.checkpointId ?? null,
    operators: operatorReports(state.record.graph, state.counters),
    error: state.error,
  }
}

function checkpointId(state: LocalState, epoch: number): string {
  return `${state.record.lineageId}-${epoch}`
}

function rowFile(folder: string, epoch: number): string {
  return join(folder, 'checkpoints', `${String(epoch).padStart(9, '0')}.json`)
}

async function removeRowsBefore(folder: string, epoch: number): Promise<void> {
  for (const name of await readdir(join(folder, 'checkpoints')))
    if (Number.parseInt(name, 10) < epoch) await rm(join(folder, 'checkpoints', name), { force: true })
}

async function append(folder: string, name: string, lines: readonly string[]): Promise<void> {
  await writeFile(join(folder, name), lines.map((line) => `${line}\n`).join(''), { flag: 'a' })
}

/** Durable and whole, or as before. */
async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`
  const file = await open(temporary, 'w')
  try {
    await file.writeFile(text)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(temporary, path)
}
