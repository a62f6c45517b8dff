import { JobError } from '../core/errors/job-error.js'
import { findMismatches } from '../core/execution/accounting.js'
import type { ChainResult } from '../core/execution/chain-task.js'
import type { EpochDone } from '../core/execution/effects.js'
import type { ExecutionEvent, ExecutionRecord } from '../core/execution/journal.js'
import { mergeResults } from '../core/execution/merge-results.js'
import type { Next, Plan } from '../core/execution/plan.js'
import { addTotals, type RecordTotals, totalsOfEpoch } from '../core/execution/record-totals.js'
import { phaseNumbered } from '../core/graph/phase.js'
import type { Rejected } from '../core/record/rejected.js'
import { excess } from '../core/record/tolerance.js'
import { tolerance } from '../engine/bad-records/rejects.js'
import type { ActivityDeps, Call } from './deps.js'
import { discardOld } from './discard-old.js'
import { finishRecord } from './finish-execution.js'
import { asNext, drawPlan } from './plan-epoch.js'
import { readResult } from './run-operator-chain.js'

/** Commits epoch n and plans n + 1, in one transaction of the journal; asked again, the stored answer (I3). */
export async function triggerCheckpoint(deps: ActivityDeps, call: Call, done: EpochDone): Promise<Next> {
  const { journal } = deps
  const { owner, epoch } = done
  const { record, restored, pending } = await journal.standing(owner.executionId)
  if (restored?.epoch === epoch) return restored.next
  if (pending?.epoch !== epoch) throw new JobError('fenced', `Epoch ${epoch} has no plan any more.`)

  const phase = phaseNumbered(record.graph, done.phase)
  const results = await Promise.all(done.receipts.map((receipt) => readResult(deps, receipt.reference)))
  const before = { positions: restored?.positions ?? {}, states: restored?.states ?? [] }
  const elapsedMs = deps.now() - Date.parse(pending.at)
  const merged = mergeResults(record.graph, phase, pending, before, results, elapsedMs)
  judge(record, totalsOfEpoch(record.graph, phase.number, merged.counters))
  const { positions, watermarks, phaseEnded } = merged
  const idle: Next = phaseEnded ? { kind: 'idle', phase: done.phase + 1 } : { kind: 'idle' }
  const after = { phase: done.phase, positions, watermarks, next: idle }
  const notBefore = dueTime(deps, record, pending, merged.phaseEnded)
  const isLast = phase.number === record.graph.phases.at(-1)?.number
  // A phase's end is known here and now only: what comes after it is planned at once, whatever else is to come. But what
  // comes after an epoch of an older graph is planned for the newer one, which takes up phases anew (carryOver).
  const isLeft =
    notBefore !== null ||
    (done.leaveUnplanned === true && !merged.phaseEnded) ||
    (record.isBehind && !(merged.phaseEnded && isLast))
  const nextPlan = isLeft ? 'unplanned' : await drawPlan(deps, call, record, after, epoch + 1)

  const next = await journal.completeCheckpoint(owner, {
    epoch,
    jobVersion: record.jobVersion,
    phase: done.phase,
    positions,
    states: merged.states,
    watermarks,
    counters: merged.counters,
    shares: merged.shares,
    rejected: await readRejects(deps, results),
    durationMs: merged.durationMs,
    stateSizeBytes: merged.states.reduce((sum, state) => sum + state.sizeBytes, 0),
    path: `${deps.parts.store.url.replace(/\/$/, '')}/lineage/${record.lineageId}`,
    next: notBefore !== null ? { kind: 'unplanned', notBefore } : nextOf(nextPlan, idle),
    nextPlan: typeof nextPlan === 'string' ? null : nextPlan,
    events: [
      ...(restored === null ? waysOfWriting(results) : []),
      ...findMismatches(record.graph, phase, merged.counters).map(mismatchEvent),
      ...(merged.phaseEnded && phase.fills.length > 0 ? [phaseEvent(done.phase)] : []),
    ],
  })
  // After the commit, and in nobody's way: the next epoch does not wait for it. What ends now is seen to at its end.
  if (next.kind === 'exhausted') return done.leaveUnplanned ? next : await finishAtOnce(deps, call, record, done)
  void discardOld(deps, { ...record, retained: record.settings.checkpoint.retained })
  return next
}

/** Ends it in the same step, which saves one; what fails or takes long is left to the step that finishes. */
async function finishAtOnce(deps: ActivityDeps, call: Call, record: ExecutionRecord, done: EpochDone): Promise<Next> {
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(atOnceMs)])
  try {
    const completed = { status: 'COMPLETED', error: null } as const
    const ended = await finishRecord(deps, { ...call, signal }, done.owner, record, done.epoch, completed)
    return { kind: 'exhausted', ended }
  } catch {
    return { kind: 'exhausted' }
  }
}

/** Well within the time-out of the step. */
const atOnceMs = 2_000

/** Subtasks judge what they see; only here are they seen together. What a sink shows already is completed by a restart. */
function judge({ settings, totals }: ExecutionRecord, epoch: RecordTotals): void {
  const { read, sideRead, failed } = addTotals(totals, epoch)
  const reason = excess(settings.onBadRecord, { read: read + sideRead, failed })
  if (reason !== null) throw tolerance(reason)
}

function nextOf(drawn: Plan | 'unplanned' | 'idle' | 'exhausted', idle: Next): Next {
  if (drawn === 'idle') return idle
  return typeof drawn === 'string' ? { kind: drawn } : asNext(drawn)
}

/**
 * STREAMING: when the next epoch may begin, counted from the plan of this one; null: now. It is planned then and not
 * before, so that a record waits for one interval and not for two (DESIGN section 5).
 */
function dueTime(deps: ActivityDeps, record: ExecutionRecord, plan: Plan, phaseEnded: boolean): string | null {
  const { type, checkpoint } = record.settings
  const due = Date.parse(plan.at) + checkpoint.intervalMs
  return type === 'BATCH' || phaseEnded || due <= deps.now() ? null : new Date(due).toISOString()
}

async function readRejects(deps: ActivityDeps, results: readonly ChainResult[]): Promise<Rejected[]> {
  const files = await Promise.all(
    results.flatMap((result) => result.rejects).map(async (reference) => await deps.parts.store.text(reference)),
  )
  return files
    .flatMap((file) => (file ?? '').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Rejected)
}

/** Told once: how fast a sink is depends on it, and on settings of a server that others keep. */
function waysOfWriting(results: readonly ChainResult[]): ExecutionEvent[] {
  const ways = new Map(results.flatMap(({ wrote }) => Object.entries(wrote)))
  return [...ways].map(([nodeId, way]) => ({
    type: 'SINK_WRITES',
    level: 'INFO',
    message: `The sink ${nodeId} writes by ${way}.`,
    details: { nodeId, way },
  }))
}

function mismatchEvent(message: string): ExecutionEvent {
  return { type: 'ACCOUNTING_MISMATCH', level: 'ERROR', code: 'accounting.mismatch', message }
}

function phaseEvent(phase: number): ExecutionEvent {
  return { type: 'PHASE_ENDED', level: 'INFO', message: `Phase ${phase} has read its side inputs to their end.` }
}
