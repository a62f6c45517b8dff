/** `etl run`: one job, in this process, without a server: the same engine, the same loop, a folder as its journal. */
import { randomUUID } from 'node:crypto'
import { basename, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { ActivityDeps } from '../../activities/deps.js'
import { CODES, type ErrorCode } from '../../core/errors/codes.js'
import { JobError } from '../../core/errors/job-error.js'
import { noBytes } from '../../core/execution/byte-totals.js'
import type { ExecutionRecord } from '../../core/execution/journal.js'
import { noTotals } from '../../core/execution/record-totals.js'
import type { ExecutionReport } from '../../core/execution/report.js'
import { runExecution } from '../../core/execution/run-execution.js'
import { isTerminal } from '../../core/execution/status.js'
import type { JobGraph } from '../../core/graph/job-graph.js'
import { noFailures } from '../../core/restart/strategy.js'
import { parseDuration } from '../../core/spec/duration.js'
import { normaliseParameters } from '../../core/spec/parameter-values.js'
import type { CompiledJob } from '../../engine/compile-job.js'
import { openStore } from '../../storage/open-store.js'
import { readParameters } from '../definitions.js'
import { compileFile } from './compile.js'
import { localEffects } from './effects.js'
import { clearState, freshState, type LocalJournal, type LocalState, openJournal, readState } from './journal.js'
import { localParts } from './parts.js'
import { showProgress, showReport } from './show.js'
import { lockState } from './state-lock.js'
import { type LocalWishes, localWishes } from './wishes.js'

export interface RunOptions {
  /** `k=v`, as often as there are parameters. */
  readonly param?: readonly string[]
  readonly connections?: string
  readonly state?: string
  readonly fresh?: boolean
  readonly json?: boolean
  /** `5s`: a STREAMING job ends once no source has had input for so long. */
  readonly untilIdle?: string
}

export async function runCommand(file: string, options: RunOptions): Promise<number> {
  const parameters = readParameters(options.param)
  const untilIdleMs = options.untilIdle === undefined ? null : readDuration(options.untilIdle)
  const folder = resolve(
    options.state ?? join('.etl', 'runs', `${basename(file).split('.')[0]}-${randomUUID().slice(0, 8)}`),
  )
  const parts = { ...localParts(options), store: openStore(pathToFileURL(join(folder, 'store')).href) }
  const compiled = await compileFile(file, parts, { parameters })
  const record = newRecord(compiled, parameters)

  const unlock = await lockState(folder)
  try {
    if (options.fresh) await clearState(folder)
    const state = resumable(await readState(folder), record, folder) ?? freshState(record)
    for (const warning of compiled.warnings) process.stderr.write(`warning: ${warning.message}\n`)
    const progress = showProgress(options.json)
    const journal = await openJournal(folder, state, (event) => progress.line(event.message))
    const { type } = state.record.settings
    if (type === 'BATCH' && options.untilIdle !== undefined)
      process.stderr.write('warning: --until-idle is for STREAMING jobs; a BATCH job ends by itself.\n')
    const wishes = localWishes(type === 'STREAMING' ? untilIdleMs : null)
    const report = await execute(state.record, journal, parts, progress, wishes)
    progress.end()
    showReport(report, options.json)
    if (isTerminal(report.status)) return exitCode(report)
    process.stderr.write(`Interrupted. Go on with: etl run ${file} --state ${folder}\n`)
    return 130
  } finally {
    unlock()
  }
}

/**
 * Interrupted, it is left as it is, so that it can go on. A STREAMING job finishes the epoch that runs before that; asked
 * again, it is broken off like any other.
 */
async function execute(
  { executionId, settings }: ExecutionRecord,
  journal: LocalJournal,
  parts: ActivityDeps['parts'],
  progress: ReturnType<typeof showProgress>,
  wishes: LocalWishes,
): Promise<ExecutionReport> {
  const interruption = new AbortController()
  let askedMs = 0
  const interrupt = () => {
    // A shell and a launcher between may both pass on the same Ctrl-C.
    if (wishes.isStopping() && Date.now() - askedMs < SAME_MS) return
    if (settings.type === 'BATCH' || wishes.isStopping()) return interruption.abort()
    askedMs = Date.now()
    progress.line('Stopping once the epoch that runs is complete; Ctrl-C again breaks it off.')
    wishes.stop()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  const deps: ActivityDeps = {
    journal,
    parts,
    heartbeatTimeoutMs: 10_000,
    now: Date.now,
    jitter: () => Math.random() * 2 - 1,
    signalAdmitted: async () => undefined,
  }
  const effects = localEffects(deps, interruption.signal, progress.records, wishes)
  const finish: typeof effects.finish = async (owner, id, outcome) => {
    const isLeft = outcome.status === 'CANCELLED' || (outcome.isStopped === true && outcome.isDrained !== true)
    return isLeft ? outcome.status : await effects.finish(owner, id, outcome)
  }
  try {
    const control = { shouldHandOver: () => false, cutShort: () => null, wishes }
    await runExecution(executionId, control, { ...effects, finish })
  } finally {
    process.removeListener('SIGINT', interrupt)
    process.removeListener('SIGTERM', interrupt)
  }
  return journal.report()
}

const SAME_MS = 300

function readDuration(given: string): number {
  const ms = parseDuration(given)
  if (ms !== null && ms > 0) return ms
  throw new JobError('usage.invalid', `--until-idle is a time such as 500ms, 5s or 1m, and '${given}' is not.`)
}

/** An unfinished run goes on; a finished one is not run over by accident. */
function resumable(state: LocalState | null, { jobName, graph }: ExecutionRecord, folder: string): LocalState | null {
  if (state === null) return null
  const hint = 'Name another folder with --state, or start over with --fresh.'
  if (isTerminal(state.record.status)) {
    throw new JobError('conflict', `${folder} holds a run that is ${state.record.status}.`, { hint })
  }
  if (state.record.jobName !== jobName)
    throw new JobError('conflict', `${folder} holds an unfinished run of another job, ${state.record.jobName}.`, {
      hint,
    })
  if (asWritten(state.record.graph) === asWritten(graph)) return state
  throw new JobError('conflict', `The job is another than when the run in ${folder} began.`, {
    hint: `Put it back as it was, and the run goes on. ${hint}`,
  })
}

/** But for columns, which are inferred when a run begins: files that have come since may tell of others. */
function asWritten({ stream }: JobGraph): string {
  const nodes = stream.nodes.map(({ id, kind, nodeType, parallelism, chaining, watermark, config }) => {
    const { columns, ...rest } = config
    return [id, kind, parallelism, chaining, watermark, nodeType === 'SOURCE' ? rest : config]
  })
  return JSON.stringify([nodes, stream.edges])
}

function newRecord(
  compiled: Extract<CompiledJob, { ok: true }>,
  given: Readonly<Record<string, string>>,
): ExecutionRecord {
  const executionId = randomUUID()
  return {
    executionId,
    jobId: compiled.settings.name,
    jobName: compiled.settings.name,
    jobVersion: 1,
    isBehind: false,
    allowsNonRestoredState: false,
    lineageId: executionId,
    status: 'CREATED',
    generation: 0,
    attempt: 1,
    graph: compiled.graph,
    settings: compiled.settings,
    parameters: normaliseParameters(given, compiled.settings.parameters),
    logicalTime: new Date().toISOString(),
    startedAt: new Date().toISOString(),
    restartMemory: noFailures,
    totals: noTotals,
    bytes: noBytes,
  }
}

/** A run that was told something wrong ends as a wrong spec does. */
function exitCode({ status, error }: ExecutionReport): number {
  if (status === 'COMPLETED') return 0
  return error !== null && error.code in CODES && CODES[error.code as ErrorCode].exit === 2 ? 2 : 1
}
